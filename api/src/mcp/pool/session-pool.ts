/** Keeps connections to MCP servers open between uses (S1): one per account, server and settings, shared by all calls at once. */
import type { PoolKey } from "./pool-key.ts";
import type { Fetch } from "#oauth/ports.ts";
import type { ConnectTarget, Connection, Session } from "../connection/connect.ts";
import type { EraCache, ListName } from "../protocol-era.ts";
import { notSent } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { createListWatch } from "./list-watch.ts";
import type { ListWatch } from "./list-watch.ts";
import { createPoolEntry } from "./pool-entry.ts";
import type { PoolEntry } from "./pool-entry.ts";
import { createPoolPlaces } from "./pool-index.ts";
import { idOf } from "./pool-key.ts";
import { isSessionLost } from "./pool-health.ts";
import { listenToAnswers, runOutsideCalls, tellAnswer } from "../connection/request-trace.ts";
import { forgetEra, openConnection, rememberEra, withSession } from "../connection/session.ts";
import type { SessionTarget } from "../connection/session.ts";
import { createStandingStreams } from "../connection/server-stream.ts";
import type { StandingStreams } from "../connection/server-stream.ts";

export interface PoolUse {
  key: PoolKey;
  /**
   * How a connection is made; asked only when there is none, and before there is. Credentials are asked for per HTTP request, whoever's
   * call it is (R5).
   */
  describe(): Promise<
    Pick<ConnectTarget, "url" | "fetch" | "streamFetch" | "credentials" | "clientInfo">
  >;
  /** For waiting on a connection that is being made, and for each request that has no timeout of its own. */
  timeoutMs: number;
  /** What is left for waiting on a connection, asked each time; `timeoutMs` if left out. */
  leftMs?: (() => number) | undefined;
  /** Aborting gives up waiting for a connection; a call on it has a signal of its own. */
  signal?: AbortSignal | undefined;
  /** Is told the HTTP status of each answer to a message of this use, and of the last one while connecting for it. */
  onAnswer?: ((httpStatus: number) => void) | undefined;
}

/** A server said that one of its lists is another now. */
export interface ListChange {
  serverId: string;
  ownerId: string;
  list: ListName;
}

export interface SessionPool {
  /**
   * Hands a session to `use` and answers what it answers, or why there was no connection: then nothing was run. Many uses share a
   * session at the same time. `use` runs a second time, on a new session, if its answer is a failure with `sessionLost`: the server
   * had forgotten the session and refused the call (S6). What `use` throws is thrown on.
   */
  use<T>(use: PoolUse, run: (session: Session) => Promise<T>): Promise<T | Failure>;
  /** Hands out no session of these any more; what runs on one finishes, then it is closed. What is left out of the key may be anything. */
  evict(which: Pick<PoolKey, "serverId"> & Partial<PoolKey>): void;
  /** Whose sessions there are, once each. */
  list(): PoolKey[];
  /** As `evict`, for all. */
  evictAll(): void;
  /** Closes what was idle or open for too long. */
  sweep(): void;
  /** Calls back while a session is pooled and its server tells of changes; the server was not asked for the new list. Returns what ends it. */
  onListChanged(listener: (change: ListChange) => void): () => void;
  /** How many sessions there are in each state, for metrics and tests. */
  count(): Record<"connecting" | "open" | "draining", number>;
  /** Ends all sessions; takes a few seconds at most. Nothing is pooled afterwards. */
  close(): Promise<void>;
}

export interface PoolLimits {
  /** Of all sessions that are handed out. */
  perProcess: number;
  perServer: number;
  idleMs: number;
  /** Since it was made; what runs on it finishes. */
  ageMs: number;
  /** For making a connection, whatever less its first user would wait. */
  connectMs: number;
  /** `close` waits no longer for servers. */
  closeMs: number;
}

const defaultLimits: PoolLimits = {
  perProcess: 2_000,
  perServer: 500,
  idleMs: 5 * 60_000,
  ageMs: 30 * 60_000,
  connectMs: 30_000,
  closeMs: 1_500,
};

/**
 * Within the limits the least recently used idle session makes place for a new one. Where all are busy, a use gets a connection of
 * its own that ends with it: it costs a handshake, but nobody waits for another's slow call.
 */
export function createSessionPool(options?: {
  limits?: Partial<PoolLimits>;
  monotonicMs?: () => number;
  eras?: EraCache;
  standing?: StandingStreams;
}): SessionPool {
  const limits = { ...defaultLimits, ...options?.limits };
  const monotonicMs = options?.monotonicMs ?? (() => performance.now());
  const standing = options?.standing ?? createStandingStreams();
  const ofEras = options?.eras ? { eras: options.eras } : {};
  const places = createPoolPlaces(limits);
  const watches = new WeakMap<PoolEntry, ListWatch>();
  /** The HTTP status of the last answer while a connection was made. */
  const connectStatus = new WeakMap<PoolEntry, number>();
  const listeners = new Set<(change: ListChange) => void>();
  let isClosed = false;

  function startEntry({ key, describe, timeoutMs }: PoolUse): PoolEntry {
    let target: SessionTarget | null = null;
    const entry: PoolEntry = createPoolEntry({
      key,
      monotonicMs,
      connect: (signal) =>
        // It outlives the call that it is made for.
        runOutsideCalls(async () => {
          const described = await describe();
          const noteStatus = (status: number) => {
            if (!entry.connection) connectStatus.set(entry, status);
          };
          target = {
            ...described,
            ...ofEras,
            fetch: tellAnswers(described.fetch, noteStatus),
            standing,
            signal,
            timeoutMs: Math.max(timeoutMs, limits.connectMs),
          };
          return openConnection(target);
        }),
      onOpen(connection) {
        const tell = (list: ListName) => {
          const { serverId, ownerId } = key;
          for (const listener of listeners) listener({ serverId, ownerId, list });
        };
        watches.set(entry, createListWatch(connection, { tell, monotonicMs }));
        if (target && connection.results() > 0) rememberEra(target, connection);
      },
      onRetired: () => places.retire(entry),
      onUnhealthy() {
        if (target) forgetEra(target);
      },
      onClosed: () => places.forget(entry),
    });
    places.keep(entry);
    return entry;
  }

  /** Null: there is no place for another. */
  function find(use: PoolUse): PoolEntry | null {
    const known = places.find(use.key);
    if (known && monotonicMs() - known.madeAtMs < limits.ageMs) return known;
    known?.evict();
    return places.has(use.key.serverId) ? startEntry(use) : null;
  }

  async function useAlone<T>(
    use: PoolUse,
    run: (session: Session) => Promise<T>,
  ): Promise<T | Failure> {
    const { signal } = use;
    const described = await use.describe();
    const fetch = tellAnswers(described.fetch);
    const timeoutMs = Math.ceil(leftOf(use));
    return withSession({ ...described, ...ofEras, fetch, timeoutMs, signal }, run);
  }

  async function awaitEntry(entry: PoolEntry, use: PoolUse): Promise<Connection> {
    const connection = await awaitConnection(entry.ready, use);
    const status = connectStatus.get(entry);
    if (status !== undefined) use.onAnswer?.(status);
    return connection;
  }

  async function runOn<T>(
    entry: PoolEntry,
    use: PoolUse,
    run: (session: Session) => Promise<T>,
  ): Promise<T | Failure> {
    entry.take();
    try {
      const connection = entry.connection ?? (await awaitEntry(entry, use));
      if (connection.kind === "failed") return connection.failure;
      const answer = await run({ ...connection.session, timeoutMs: use.timeoutMs });
      entry.note(answer);
      if (listeners.size > 0 && entry.state === "open") watches.get(entry)?.start();
      return answer;
    } finally {
      entry.giveBack();
    }
  }

  async function attempt<T>(
    use: PoolUse,
    run: (session: Session) => Promise<T>,
  ): Promise<T | Failure> {
    if (isClosed) return notSent("Gatehouse is stopping.");
    const entry = find(use);
    return entry ? runOn(entry, use, run) : useAlone(use, run);
  }

  return {
    async use(use, run) {
      const both = async () => {
        const answer = await attempt(use, run);
        return isSessionLost(answer) ? attempt(use, run) : answer;
      };
      return use.onAnswer ? listenToAnswers(use.onAnswer, both) : both();
    },
    evict(which) {
      for (const entry of places.listOf(which.serverId))
        if (idOf({ ...entry.key, ...which }) === idOf(entry.key)) entry.evict();
    },
    list: () => [...places.list()].map(({ key }) => key),
    evictAll() {
      for (const entry of places.list()) entry.evict();
    },
    sweep() {
      const nowMs = monotonicMs();
      for (const entry of places.list()) {
        const isIdle = entry.users === 0 && nowMs - entry.lastUsedAtMs >= limits.idleMs;
        if (isIdle || nowMs - entry.madeAtMs >= limits.ageMs) entry.evict();
      }
    },
    onListChanged(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    count() {
      const counts = { connecting: 0, open: 0, draining: places.leaving().length };
      for (const { state } of places.list())
        if (state === "connecting" || state === "open") counts[state] += 1;
      return counts;
    },
    async close() {
      isClosed = true;
      const ending = [...places.list(), ...places.leaving()].map((entry) => entry.abandon());
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, limits.closeMs);
      await Promise.race([Promise.allSettled(ending), timeout.promise]);
      clearTimeout(timer);
    },
  };
}

/** The end of a session says nothing about what was asked in it. */
function tellAnswers(fetch: Fetch, onAnswer?: (httpStatus: number) => void): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method === "DELETE") return response;
    onAnswer?.(response.status);
    tellAnswer(response.status);
    return response;
  };
}

function leftOf({ leftMs, timeoutMs }: PoolUse): number {
  return leftMs?.() ?? timeoutMs;
}

/** Each waits as long as it wants; the connection is made for all of them. */
async function awaitConnection(ready: Promise<Connection>, use: PoolUse): Promise<Connection> {
  const { timeoutMs, signal } = use;
  if (signal?.aborted) return { kind: "failed", failure: { kind: "cancelled" } };
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const onAbort = () => resolve({ kind: "failed", failure: { kind: "cancelled" } });
  const onTimeout = () => {
    const failure = notSent(`The server did not answer within ${timeoutMs / 1000} s.`);
    resolve({ kind: "failed", failure });
  };
  const timer = setTimeout(onTimeout, leftOf(use));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([ready, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
