import { setTimeout as delay } from "node:timers/promises";
import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import { doRegularly } from "#events/regularly.ts";

type Roles = ReadonlyMap<string, WorkspaceRole>;

/** What somebody may, for as long as it is watched. */
export interface RoleWatch extends Disposable {
  /**
   * The role of now: remembered while every change is sure to be heard of, else read. Null: no member any more. A database that is away
   * is waited for; null also when `signal` aborts meanwhile.
   */
  read(signal: AbortSignal): WorkspaceRole | null | Promise<WorkspaceRole | null>;
}

/** The roles of all who follow a workspace, read once for all of them. */
export interface RoleWatcher {
  /** @param onLost called once, within a second, when the user is no member any more */
  watch(member: { workspaceId: string; userId: string }, onLost: () => void): RoleWatch;
  close(): void;
}

export interface RoleWatcherDeps {
  /** By workspace, then by user. Rejects while the database is away. */
  readRoles(workspaceIds: readonly string[]): Promise<ReadonlyMap<string, Roles>>;
  /** Calls back with the workspace whose members changed, with null when word of some may have been lost; returns what ends it. */
  onChanged(listener: (workspaceId: string | null) => void): () => void;
  /** Whether word of a change is sure to arrive. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** Behind the word of a change, which may be lost. */
  pollMs?: number;
}

/** By workspace, then by user; one row of the database for each workspace. */
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
  /** Null: not read yet. */
  roles: Roles | null;
  /** When the reading of them began. */
  readAtMs: number;
  /** Raised by each word of a change: a reading that began before counts for nothing. */
  changes: number;
  /** How many of them the roles know of. */
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
      // One that was asked for later may have been answered earlier.
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

  /** A reading that began after the last word of a change; one for all who want it at the same time. */
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
    // The poll comes back to it.
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
