import type { Watch } from "#events/bus.ts";

export interface HeartbeatDeps {
  /** Says to the cluster that this process lives and which keys it knows. */
  beat(): Promise<void>;
  /** Takes the keys that are to be used now; never throws. */
  reloadKeys(): Promise<void>;
  /** Woken when a command has changed the keys. */
  watch: Watch;
  /** How often, in milliseconds. */
  everyMs: number;
  /** Told at the first failure of a row of them. */
  onError(error: unknown): void;
}

/** The regular sign of life of a process. */
export interface Heartbeat {
  /** Resolves once no sign of life will follow. */
  close(): Promise<void>;
}

/** The first turn is done when this resolves: what changed between reading the keys and registering is known by then. */
export async function startHeartbeat(deps: HeartbeatDeps): Promise<Heartbeat> {
  const closing = new AbortController();
  let isFailing = false;

  async function turn(): Promise<void> {
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
      if (!closing.signal.aborted) await turn();
    }
  }

  await turn();
  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
      deps.watch[Symbol.dispose]();
    },
  };
}
