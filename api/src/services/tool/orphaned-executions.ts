import type { ExecutionStore } from "#storage/execution-store.ts";

/** Executions of processes that no longer exist. */
export interface OrphanedExecutions {
  /** Marks them as INTERRUPTED; their tools may or may not have run. Does nothing for some time after database errors. */
  interrupt(): Promise<void>;
  /** Checks for such executions every two seconds, until disposed. */
  startReaping(onError: (error: unknown) => void): Disposable;
}

export interface OrphanedExecutionsDeps {
  store: Pick<ExecutionStore, "interruptOrphaned">;
  isReachable(): Promise<boolean>;
  /** Called after the commit, with the executions and the workspaces whose event logs changed. */
  publish(change: { executionIds: string[]; workspaceIds: string[] }): void;
  everyMs?: number;
}

/**
 * The number of consecutive successful checks that are required after a database failure. During a failure no process can update its
 * heartbeat, so the processes that are still running need time to do so.
 */
const settledAfter = 5;

export function createOrphanedExecutions(deps: OrphanedExecutionsDeps): OrphanedExecutions {
  const { store, everyMs = 2_000 } = deps;
  let good = 0;

  async function interrupt(): Promise<void> {
    while (good >= settledAfter) {
      const ended = await store.interruptOrphaned();
      if (ended.length === 0) return;
      deps.publish({
        executionIds: ended.map(({ id }) => id),
        workspaceIds: [...new Set(ended.map(({ workspaceId }) => workspaceId))],
      });
    }
  }

  async function endOrphans(): Promise<void> {
    good = (await deps.isReachable()) ? good + 1 : 0;
    await interrupt();
  }

  return {
    interrupt,
    startReaping(onError) {
      let isRunning = false;
      const timer = setInterval(() => {
        if (isRunning) return;
        isRunning = true;
        void endOrphans()
          .catch((error: unknown) => {
            good = 0;
            onError(error);
          })
          .finally(() => (isRunning = false));
      }, everyMs).unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}
