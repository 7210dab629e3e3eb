import type { Watch } from "#events/bus.ts";

export interface HeartbeatDeps {
  /** Writes the heartbeat of this process and the ids of its keys. */
  beat(): Promise<void>;
  /** Loads the current encryption keys. Never throws. */
  reloadKeys(): Promise<void>;
  /** Notified when a command has changed the keys. */
  watch: Watch;
  /** The interval, in milliseconds. */
  everyMs: number;
  /** Called for the first of several consecutive failures. */
  onError(error: unknown): void;
}

/** The recurring heartbeat of a process. */
export interface Heartbeat {
  /** Resolves when no further heartbeat will be written. */
  close(): Promise<void>;
}

/**
 * Resolves after the first run, so that a change between reading the keys and registering the
 * process is already applied.
 */
export async function startHeartbeat(deps: HeartbeatDeps): Promise<Heartbeat> {
  const closing = new AbortController();
  let isFailing = false;

  async function beatOnce(): Promise<void> {
    await deps.reloadKeys();
    try {
      await deps.beat();
      isFailing = false;
    } catch (error) {
      if (!isFailing) deps.onError(error);
      isFailing = true;
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await deps.watch.next(deps.everyMs, closing.signal);
      if (!closing.signal.aborted) await beatOnce();
    }
  }

  await beatOnce();
  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
      deps.watch[Symbol.dispose]();
    },
  };
}
