import { setTimeout as delay } from "node:timers/promises";
import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import { doRegularly } from "#events/regularly.ts";

type Roles = ReadonlyMap<string, WorkspaceRole>;

/** The role of a user in a workspace, for as long as it is watched. */
export interface RoleWatch extends Disposable {
  /**
   * Returns the current role. A cached role is used while notifications of changes are known to
   * arrive; otherwise it is read. Null if the user is no longer a member. If the database is
   * unavailable, it waits; null also if `signal` aborts in the meantime.
   */
  read(signal: AbortSignal): WorkspaceRole | null | Promise<WorkspaceRole | null>;
}

/** Watches the roles of all users who follow a workspace, and reads them once for all of them. */
export interface RoleWatcher {
  /** @param onLost called once, within a second, when the user is no longer a member */
  watch(member: { workspaceId: string; userId: string }, onLost: () => void): RoleWatch;
  close(): void;
}

export interface RoleWatcherDeps {
  /** Returns roles by workspace id, then by user id. Rejects while the database is unavailable. */
  readRoles(workspaceIds: readonly string[]): Promise<ReadonlyMap<string, Roles>>;
  /**
   * Calls back with the id of a workspace whose members have changed, and with null if
   * notifications may have been lost. Returns a function that stops the calls.
   */
  onChanged(listener: (workspaceId: string | null) => void): () => void;
  /** Whether notifications of changes are known to arrive. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** The interval of the poll that covers lost notifications, in milliseconds. */
  pollMs?: number;
}

/** Returns roles by workspace id, then by user id. Reads one database row for each workspace. */
export async function readRoles(
  db: Database,
  workspaceIds: readonly string[],
): Promise<Map<string, Roles>> {
  const rows = await db.$queryRaw<{ workspaceId: string; roles: Record<string, WorkspaceRole> }[]>`
    SELECT "workspaceId", jsonb_object_agg("userId", "role") AS "roles" FROM "Membership"
    WHERE "workspaceId" = ANY(${[...workspaceIds]}::uuid[]) GROUP BY "workspaceId"`;
  return new Map(
    rows.map(({ workspaceId, roles }) => [workspaceId, new Map(Object.entries(roles))]),
  );
}

interface Entry {
  workspaceId: string;
  /** Null: not yet read. */
  roles: Roles | null;
  /** When the read of the roles began. */
  readAtMs: number;
  /** Incremented by each notification. A read that began before is outdated. */
  changes: number;
  /** The value of `changes` that the roles include. */
  known: number;
  watchers: Set<{ userId: string; onLost(): void }>;
  reading: Promise<void> | null;
}

const noRoles: Roles = new Map();

export function createRoleWatcher(deps: RoleWatcherDeps): RoleWatcher {
  const { clock, pollMs = 1_000 } = deps;
  const entries = new Map<string, Entry>();

  async function readAll(wanted: readonly Entry[]): Promise<void> {
    if (wanted.length === 0) return;
    const readAtMs = clock.monotonicMs();
    const before = wanted.map((entry) => ({ entry, known: entry.changes }));
    const found = await deps.readRoles(wanted.map(({ workspaceId }) => workspaceId));
    for (const { entry, known } of before) {
      // A later read may have finished earlier.
      if (known < entry.known || readAtMs < entry.readAtMs) continue;
      const roles = found.get(entry.workspaceId) ?? noRoles;
      Object.assign(entry, { roles, readAtMs, known });
      for (const watcher of entry.watchers) {
        if (roles.has(watcher.userId)) continue;
        entry.watchers.delete(watcher);
        watcher.onLost();
      }
    }
  }

  /** Starts a read after the last notification, shared by all concurrent callers. */
  function refresh(entry: Entry): Promise<void> {
    entry.reading ??= readAll([entry])
      .finally(() => {
        entry.reading = null;
      })
      .then(() => (entry.known < entry.changes ? refresh(entry) : undefined));
    return entry.reading;
  }

  function note(entry: Entry): void {
    entry.changes += 1;
    // The poll retries it.
    refresh(entry).catch(() => undefined);
  }

  function isCurrent({ roles, known, changes, readAtMs }: Entry): boolean {
    const isYoung = clock.monotonicMs() - readAtMs <= 2 * pollMs;
    return roles !== null && known === changes && isYoung && deps.isHearing();
  }

  async function readNow(entry: Entry, userId: string, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await refresh(entry);
        return entry.roles?.get(userId) ?? null;
      } catch {
        await delay(pollMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return null;
  }

  const polling = doRegularly(() => readAll([...entries.values()]), pollMs);
  const stopListening = deps.onChanged((workspaceId) => {
    const changed = workspaceId === null ? [...entries.values()] : [entries.get(workspaceId)];
    for (const entry of changed) if (entry) note(entry);
  });

  return {
    watch({ workspaceId, userId }, onLost) {
      const entry = entries.get(workspaceId) ?? {
        workspaceId,
        roles: null,
        readAtMs: -Infinity,
        changes: 0,
        known: 0,
        watchers: new Set(),
        reading: null,
      };
      entries.set(workspaceId, entry);
      const watcher = { userId, onLost };
      entry.watchers.add(watcher);
      return {
        // Cached roles can allow, but never reject: a user who has just joined may be missing from them.
        read: (signal) =>
          (isCurrent(entry) && entry.roles?.get(userId)) || readNow(entry, userId, signal),
        [Symbol.dispose]() {
          entry.watchers.delete(watcher);
          if (entry.watchers.size === 0 && entries.get(workspaceId) === entry)
            entries.delete(workspaceId);
        },
      };
    },
    close() {
      stopListening();
      polling[Symbol.dispose]();
    },
  };
}
