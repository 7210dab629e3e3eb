/** A pooled connection: its users, its state and its end. */
import type { Connection, OpenConnection } from "../connection/connect.ts";
import type { PoolKey } from "./pool-key.ts";
import { createPoolHealth, isSessionLost } from "./pool-health.ts";
import type { PoolHealth } from "./pool-health.ts";
import { isHandedOut, nextPoolState } from "./pool-state.ts";
import type { PoolEvent, PoolState } from "./pool-state.ts";

export interface PoolEntry {
  readonly key: PoolKey;
  readonly state: PoolState;
  readonly users: number;
  readonly madeAtMs: number;
  readonly lastUsedAtMs: number;
  /** Null until the connection has been made; `ready` provides the result. */
  readonly connection: OpenConnection | null;
  readonly ready: Promise<Connection>;
  take(): void;
  /** Must be called once after `take`. */
  giveBack(): void;
  /** Records the result of a use, and closes the connection if it is unhealthy. */
  note(answer: unknown): void;
  evict(): void;
  /** Closes the connection without waiting for its users. */
  abandon(): Promise<void>;
}

export interface PoolEntryDeps {
  key: PoolKey;
  monotonicMs(): number;
  connect(signal: AbortSignal): Promise<Connection>;
  onOpen(connection: OpenConnection): void;
  /** Called when the connection is no longer available for new uses. */
  onRetired(): void;
  /** Called when the connection is closed because of failed uses. */
  onUnhealthy(): void;
  /** Called when the connection is completely closed. */
  onClosed(): void;
}

export function createPoolEntry(deps: PoolEntryDeps): PoolEntry {
  let state: PoolState = "connecting";
  let users = 0;
  let connection: OpenConnection | null = null;
  let health: PoolHealth | null = null;
  let closing: Promise<void> | null = null;
  const madeAtMs = deps.monotonicMs();
  let lastUsedAtMs = madeAtMs;
  const giveUp = new AbortController();

  function apply(event: PoolEvent): void {
    const before = state;
    state = nextPoolState(state, event);
    if (isHandedOut(before) && !isHandedOut(state)) deps.onRetired();
    if (state === "draining" && users === 0) {
      // A connection that is still being made is abandoned, because nobody waits for it.
      if (connection) apply("drained");
      else giveUp.abort();
    }
    if (before !== "closed" && state === "closed") void close();
  }

  function close(): Promise<void> {
    closing ??= (connection?.close() ?? Promise.resolve())
      .catch(() => undefined)
      .then(deps.onClosed);
    return closing;
  }

  async function make(): Promise<Connection> {
    try {
      const made = await deps.connect(giveUp.signal);
      if (made.kind === "failed") {
        apply("failed");
        return made;
      }
      if (state === "closed") {
        await made.close();
        return { kind: "failed", failure: { kind: "cancelled" } };
      }
      connection = made;
      health = createPoolHealth(made.results);
      lastUsedAtMs = deps.monotonicMs();
      // The server closed its side. This is noticed only with a single standing stream (HTTP+SSE).
      made.session.client.onclose = () => apply("evicted");
      apply("connected");
      if (state === "open") deps.onOpen(made);
      else if (users === 0) apply("drained");
      return made;
    } catch (error) {
      apply("failed");
      throw error;
    }
  }

  const ready = make();
  // Errors are reported to those who wait for the connection; there may be none.
  ready.catch(() => undefined);

  return {
    key: deps.key,
    get state() {
      return state;
    },
    get users() {
      return users;
    },
    madeAtMs,
    get lastUsedAtMs() {
      return lastUsedAtMs;
    },
    get connection() {
      return connection;
    },
    ready,
    take() {
      users += 1;
    },
    giveBack() {
      users -= 1;
      lastUsedAtMs = deps.monotonicMs();
      if (users === 0 && state === "draining") apply(connection ? "drained" : "evicted");
    },
    note(answer) {
      if (!health?.note(answer) || state !== "open") return;
      if (!isSessionLost(answer)) deps.onUnhealthy();
      apply("evicted");
    },
    evict: () => apply("evicted"),
    abandon() {
      giveUp.abort();
      apply("evicted");
      apply("failed");
      return close();
    },
  };
}
