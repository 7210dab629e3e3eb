/** One pooled connection: who uses it, what state it is in, and when it ends. */
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
  /** Null until it is there; what it came to is `ready`'s. */
  readonly connection: OpenConnection | null;
  readonly ready: Promise<Connection>;
  take(): void;
  /** After `take`, once. */
  giveBack(): void;
  /** Takes note of what a use came to; gives an unhealthy one up. */
  note(answer: unknown): void;
  evict(): void;
  /** Without waiting for its users. */
  abandon(): Promise<void>;
}

export interface PoolEntryDeps {
  key: PoolKey;
  monotonicMs(): number;
  connect(signal: AbortSignal): Promise<Connection>;
  onOpen(connection: OpenConnection): void;
  /** It is not handed out any more. */
  onRetired(): void;
  /** It was given up because of what its uses came to. */
  onUnhealthy(): void;
  /** Nothing of it is left. */
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
      // One that is still being made is given up: nobody waits for it.
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
      // The server's side is gone, which only a connection with one standing stream learns (HTTP+SSE).
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
  // Who waits for it hears of it; nobody may be waiting any more.
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
