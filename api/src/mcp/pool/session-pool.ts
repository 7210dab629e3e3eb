/**
 * Keeps connections to MCP servers open between uses (S1). There is one per account, server and settings, which is shared by concurrent
 * calls.
 */
import type { PoolKey } from "./pool-key.ts";
import type { Fetch } from "#oauth/ports.ts";
import type { ConnectTarget, Connection, Session } from "../connection/connect.ts";
import type { Era, EraCache, ListName } from "../protocol-era.ts";
import { notSent } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { awaitConnection, leftOf } from "./await-connection.ts";
import { createListWatch } from "./list-watch.ts";
import type { ListWatch } from "./list-watch.ts";
import { createEraChecks, suggestsOtherEra } from "./era-change.ts";
import { createPoolEntry } from "./pool-entry.ts";
import type { PoolEntry } from "./pool-entry.ts";
import { createPoolIndex } from "./pool-index.ts";
import { idOf } from "./pool-key.ts";
import { isSessionLost } from "./pool-health.ts";
import { listenToAnswers, runOutsideCalls, tellAnswer } from "../connection/request-trace.ts";
import { forgetEra, openConnection, rememberEra, withSession } from "../connection/session.ts";
import type { SessionTarget } from "../connection/session.ts";
import { createServerStreams } from "../connection/server-stream.ts";
import type { ServerStreams } from "../connection/server-stream.ts";

export interface PoolUse {
  key: PoolKey;
  /**
   * Returns how to make a connection. Called only if there is none. Credentials are obtained for each HTTP request, regardless of the call
   * that it belongs to (R5).
   */
  describe(): Promise<
    Pick<ConnectTarget, "url" | "fetch" | "streamFetch" | "credentials" | "clientInfo">
  >;
  /** The timeout in milliseconds for waiting for a connection, and for each request without its own. */
  timeoutMs: number;
  /** Returns the remaining time for waiting for a connection, in milliseconds. Defaults to `timeoutMs`. */
  leftMs?: (() => number) | undefined;
  /** Aborting stops waiting for a connection. A call on the connection has its own signal. */
  signal?: AbortSignal | undefined;
  /** Receives the HTTP status of each response to a message of this use, and of the last response while connecting for it. */
  onAnswer?: ((httpStatus: number) => void) | undefined;
}

/** A notification that one of a server's lists changed. */
export interface ListChange {
  serverId: string;
  ownerId: string;
  list: ListName;
}

export interface SessionPool {
  /**
   * Calls `use` with a session and returns its result, or the reason that there was no connection; in that case nothing was run. Concurrent
   * uses share a session. `use` is called again with a new session if its result is a failure with `sessionLost`, because the server no
   * longer knew the session and rejected the call (S6). Errors thrown by `use` are rethrown.
   */
  use<T>(use: PoolUse, run: (session: Session) => Promise<T>): Promise<T | Failure>;
  /**
   * Makes the matching sessions unavailable for new uses, and closes them when current uses have ended. Omitted parts of the key match any
   * value.
   */
  evict(which: Pick<PoolKey, "serverId"> & Partial<PoolKey>): void;
  /** Lists the keys of all sessions, each once. */
  list(): PoolKey[];
  /** Like `evict`, for all sessions. */
  evictAll(): void;
  /** Closes sessions that have been idle or open for too long. */
  sweep(): void;
  /**
   * Subscribes to notifications of list changes from servers with pooled sessions; the new list has not been requested yet. Returns a
   * function that ends the subscription.
   */
  onListChanged(listener: (change: ListChange) => void): () => void;
  /** The number of sessions in each state, for metrics and tests. */
  count(): Record<"connecting" | "open" | "draining", number>;
  /** Ends all sessions. Takes a few seconds at most. Nothing is pooled afterwards. */
  close(): Promise<void>;
}

export interface PoolLimits {
  /** The maximum number of available sessions. */
  perProcess: number;
  perServer: number;
  idleMs: number;
  /** The maximum age of a session; current uses continue. */
  ageMs: number;
  /** The timeout for making a connection, even if its first user waits for less time. */
  connectMs: number;
  /** The maximum time for which `close` waits for servers. */
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
 * If the limits are reached, the least recently used idle session is closed for a new one. If all are busy, a use gets a separate
 * connection that is closed afterwards: this costs a handshake, but no call waits for another.
 */
export function createSessionPool(options?: {
  limits?: Partial<PoolLimits>;
  monotonicMs?: () => number;
  eras?: EraCache;
  standing?: ServerStreams;
}): SessionPool {
  const limits = { ...defaultLimits, ...options?.limits };
  const monotonicMs = options?.monotonicMs ?? (() => performance.now());
  const standing = options?.standing ?? createServerStreams();
  const ofEras = options?.eras ? { eras: options.eras } : {};
  const places = createPoolIndex(limits);
  const watches = new WeakMap<PoolEntry, ListWatch>();
  /** The HTTP status of the last response while a connection was made. */
  const connectStatus = new WeakMap<PoolEntry, number>();
  const listeners = new Set<(change: ListChange) => void>();
  const eraChecks = createEraChecks(monotonicMs);
  let isClosed = false;

  function startEntry({ key, describe, timeoutMs }: PoolUse): PoolEntry {
    let target: SessionTarget | null = null;
    const entry: PoolEntry = createPoolEntry({
      key,
      monotonicMs,
      connect: (signal) =>
        // The connection outlives the call that it is made for.
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

  /** Returns null if there is no room for another session. */
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

  /** Repeats a call that was refused before it ran if a new negotiation shows that the server's era has changed (regressions I22). */
  async function repeatInOtherEra<T>(
    use: PoolUse,
    run: (session: Session) => Promise<T>,
    { era, answer }: { era: Era | null; answer: T | Failure },
  ): Promise<T | Failure> {
    if (!era || !suggestsOtherEra(answer) || !eraChecks.mayCheck(use.key.serverId)) return answer;
    const { url } = await use.describe();
    places.find(use.key)?.evict();
    forgetEra({ url, ...ofEras });
    const entry = find(use);
    const connection = entry && (await awaitEntry(entry, use));
    const hasChanged = connection?.kind === "connected" && connection.session.era !== era;
    return entry && hasChanged ? runOn(entry, use, run) : answer;
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
        let era: Era | null = null;
        const answer = await attempt(use, (session) => {
          era = session.era;
          return run(session);
        });
        if (isSessionLost(answer)) return attempt(use, run);
        return repeatInOtherEra(use, run, { era, answer });
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

/** The status of the request that ends a session is not reported, because it says nothing about the calls in it. */
function tellAnswers(fetch: Fetch, onAnswer?: (httpStatus: number) => void): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method === "DELETE") return response;
    onAnswer?.(response.status);
    tellAnswer(response.status);
    return response;
  };
}
