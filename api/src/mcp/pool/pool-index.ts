/** The pooled connections, with limits on their number. */
import { idOf } from "./pool-key.ts";
import type { PoolKey } from "./pool-key.ts";
import type { PoolEntry } from "./pool-entry.ts";

export interface PoolIndex {
  /** Returns the connection that is available under this key. */
  find(key: PoolKey): PoolEntry | undefined;
  /** Makes room for one more connection by closing the least recently used idle one. Returns false if all are busy. */
  has(serverId: string): boolean;
  keep(entry: PoolEntry): void;
  /** Makes the connection unavailable for new uses. */
  retire(entry: PoolEntry): void;
  /** Removes a retired connection after it has been closed. */
  forget(entry: PoolEntry): void;
  /** The connections that are available for new uses. */
  list(): Iterable<PoolEntry>;
  listOf(serverId: string): Iterable<PoolEntry>;
  /** The retired connections that are not closed yet. */
  leaving(): PoolEntry[];
}

export function createPoolIndex(limits: { perProcess: number; perServer: number }): PoolIndex {
  const pooled = new Map<string, PoolEntry>();
  const byServer = new Map<string, Set<PoolEntry>>();
  const leaving = new Set<PoolEntry>();

  function makePlace(among: Iterable<PoolEntry>): boolean {
    let oldest: PoolEntry | null = null;
    for (const entry of among) {
      if (entry.users > 0) continue;
      if (!oldest || entry.lastUsedAtMs < oldest.lastUsedAtMs) oldest = entry;
    }
    oldest?.evict();
    return oldest !== null;
  }

  return {
    find: (key) => pooled.get(idOf(key)),
    has(serverId) {
      const ofServer = byServer.get(serverId);
      if (ofServer && ofServer.size >= limits.perServer && !makePlace(ofServer)) return false;
      return pooled.size < limits.perProcess || makePlace(pooled.values());
    },
    keep(entry) {
      const { serverId } = entry.key;
      pooled.set(idOf(entry.key), entry);
      byServer.set(serverId, (byServer.get(serverId) ?? new Set()).add(entry));
    },
    retire(entry) {
      const { serverId } = entry.key;
      const id = idOf(entry.key);
      // Another connection may have been stored under the key.
      if (pooled.get(id) === entry) pooled.delete(id);
      const ofServer = byServer.get(serverId);
      ofServer?.delete(entry);
      if (ofServer?.size === 0) byServer.delete(serverId);
      leaving.add(entry);
    },
    forget: (entry) => void leaving.delete(entry),
    list: () => pooled.values(),
    listOf: (serverId) => byServer.get(serverId) ?? [],
    leaving: () => [...leaving],
  };
}
