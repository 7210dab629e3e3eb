/** Which pooled connections there are, within bounds. */
import { idOf } from "./pool-key.ts";
import type { PoolKey } from "./pool-key.ts";
import type { PoolEntry } from "./pool-entry.ts";

export interface PoolPlaces {
  /** Handed out under this key. */
  find(key: PoolKey): PoolEntry | undefined;
  /** Makes sure of a place for one more, at the cost of the idle one that was used longest ago. False: all are busy. */
  has(serverId: string): boolean;
  keep(entry: PoolEntry): void;
  /** It is not handed out any more. */
  retire(entry: PoolEntry): void;
  /** Nothing is left of a retired one. */
  forget(entry: PoolEntry): void;
  /** Those that are handed out. */
  list(): Iterable<PoolEntry>;
  listOf(serverId: string): Iterable<PoolEntry>;
  /** Those that are not any more and not closed yet. */
  leaving(): PoolEntry[];
}

export function createPoolPlaces(limits: { perProcess: number; perServer: number }): PoolPlaces {
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
      // Another may have taken its key.
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
