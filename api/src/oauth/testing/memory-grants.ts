/**
 * Grants in memory that behave like the real store, for tests: several processes with one database,
 * whose clock is injected.
 */
import type {
  Grant,
  GrantReading,
  GrantStore,
  RefreshCircumstances,
  IssuedTokens,
  Sleep,
} from "../ports.ts";
import type { OAuthReason } from "../state.ts";

/** Times are milliseconds by the database's clock. */
export interface MemoryGrantRow {
  grant: Omit<Grant, "expiresInMs" | "sinceRefusalMs" | "retryInMs">;
  expiresAt: number | null;
  refusedAt: number | null;
  deadReason: OAuthReason | null;
  leaseId: string | null;
  leaseUntil: number;
  sentVersion: number | null;
  retryAt: number;
}

export interface MemoryGrants {
  /** Creates the store of one process. All stores share the same rows. */
  connect(): GrantStore;
  /** Connects an account, or replaces its grant like a new consent. */
  put(grant: Omit<Grant, "sinceRefusalMs" | "retryInMs">): void;
  delete(grantId: string): void;
  /** The row itself, for assertions. */
  row(grantId: string): MemoryGrantRow | undefined;
  /** The log, with one entry per grant that ended. */
  readonly deaths: { grantId: string; reason: OAuthReason }[];
  /** The log, with one entry per stored refresh. */
  readonly refreshes: ({ grantId: string } & RefreshCircumstances)[];
}

/** @param options.nowMs the database's clock */
export function createMemoryGrants(options: { nowMs: () => number; sleep: Sleep }): MemoryGrants {
  const { nowMs, sleep } = options;
  const rows = new Map<string, MemoryGrantRow>();
  const deaths: MemoryGrants["deaths"] = [];
  const refreshes: MemoryGrants["refreshes"] = [];
  const waiting = new Set<{ grantId: string; wake: () => void }>();
  let leases = 0;

  const notify = (grantId: string): void => {
    for (const waiter of waiting) if (waiter.grantId === grantId) waiter.wake();
  };
  const open = (row: MemoryGrantRow): Grant => ({
    ...structuredClone(row.grant),
    expiresInMs: row.expiresAt === null ? null : row.expiresAt - nowMs(),
    sinceRefusalMs: row.refusedAt === null ? null : nowMs() - row.refusedAt,
    retryInMs: Math.max(0, row.retryAt - nowMs()),
  });
  const read = (grantId: string): GrantReading => {
    const row = rows.get(grantId);
    if (!row) return { kind: "gone" };
    return row.deadReason === null
      ? { kind: "usable", grant: open(row) }
      : { kind: "dead", reason: row.deadReason };
  };
  /** The row if it has not changed since the caller read it. */
  const match = (grantId: string, version: number): MemoryGrantRow | null => {
    const row = rows.get(grantId);
    return row && row.deadReason === null && row.grant.version === version ? row : null;
  };
  const clearLease = (row: MemoryGrantRow): void => {
    row.leaseId = null;
    row.leaseUntil = 0;
    row.sentVersion = null;
    row.retryAt = 0;
  };
  const refresh = (row: MemoryGrantRow, tokens: IssuedTokens): void => {
    const { grant } = row;
    grant.accessToken = tokens.accessToken;
    grant.refreshToken = tokens.refreshToken ?? grant.refreshToken;
    grant.grantedScopes = tokens.scopes ?? grant.grantedScopes;
    grant.lifetimeMs = tokens.expiresInMs ?? grant.lifetimeMs;
    grant.version += 1;
    row.expiresAt = grant.lifetimeMs === null ? null : nowMs() + grant.lifetimeMs;
    clearLease(row);
  };

  const store: GrantStore = {
    read: async (grantId) => read(grantId),

    takeLease: async (grantId, version, ttlMs) => {
      const row = match(grantId, version);
      if (!row) return { kind: "settled", reading: read(grantId) };
      const waitMs = Math.max(row.leaseUntil, row.retryAt) - nowMs();
      if (waitMs > 0) return { kind: "held", waitMs };
      const inDoubt = row.leaseId !== null && row.sentVersion === version;
      row.leaseId = `lease-${++leases}`;
      row.leaseUntil = nowMs() + ttlMs;
      row.sentVersion = version;
      return { kind: "leased", grant: open(row), inDoubt, leaseId: row.leaseId };
    },

    storeTokens: async (grantId, version, tokens, circumstances) => {
      const row = match(grantId, version);
      if (!row) return read(grantId).kind === "usable" ? "superseded" : "gone";
      refresh(row, tokens);
      if (circumstances.cause === "refused") row.refusedAt = nowMs();
      if (circumstances.refusesResource) row.grant.resource = null;
      refreshes.push({ grantId, ...circumstances });
      notify(grantId);
      return "stored";
    },

    markDead: async (grantId, version, reason) => {
      const row = match(grantId, version);
      if (!row) return false;
      row.deadReason = reason;
      row.grant.version += 1;
      clearLease(row);
      deaths.push({ grantId, reason });
      notify(grantId);
      return true;
    },

    release: async (grantId, leaseId, retryInMs) => {
      const row = rows.get(grantId);
      if (row?.leaseId !== leaseId) return;
      clearLease(row);
      row.retryAt = retryInMs > 0 ? nowMs() + retryInMs : 0;
      notify(grantId);
    },

    changed: async (grantId, timeoutMs) => {
      const woken = new AbortController();
      const waiter = { grantId, wake: () => woken.abort() };
      waiting.add(waiter);
      await sleep(timeoutMs, woken.signal);
      waiting.delete(waiter);
    },
  };

  return {
    deaths,
    refreshes,
    connect: () => ({ ...store }),
    row: (grantId) => rows.get(grantId),
    delete(grantId) {
      rows.delete(grantId);
      notify(grantId);
    },
    put({ expiresInMs, ...grant }) {
      const version = (rows.get(grant.id)?.grant.version ?? grant.version - 1) + 1;
      rows.set(grant.id, {
        grant: structuredClone({ ...grant, version }),
        expiresAt: expiresInMs === null ? null : nowMs() + expiresInMs,
        refusedAt: null,
        deadReason: null,
        leaseId: null,
        leaseUntil: 0,
        sentVersion: null,
        retryAt: 0,
      });
      notify(grant.id);
    },
  };
}
