import type { ExecutionStore } from "#storage/execution-store.ts";

/** Runs of processes that are gone. */
export interface AbandonedExecutions {
  /** Ends them: their tools may or may not have run. Does nothing for a while after trouble with the database. */
  interrupt(): Promise<void>;
  /** Looks for them every two seconds, until disposed. */
  startReaping(onError: (error: unknown) => void): Disposable;
}

export interface AbandonedExecutionsDeps {
  store: Pick<ExecutionStore, "interruptAbandoned">;
  isReachable(): Promise<boolean>;
  /** After the commit: runs that others may follow, and workspaces whose logs grew. */
  publish(change: { executionIds: string[]; workspaceIds: string[] }): void;
  everyMs?: number;
}

/** So many looks in a row have to find the database well: without it nobody gave a sign of life, and whoever lives is to have the chance. */
const settledAfter = 5;

export function createAbandonedExecutions(deps: AbandonedExecutionsDeps): AbandonedExecutions {
  const { store, everyMs = 2_000 } = deps;
  let good = 0;

  async function interrupt(): Promise<void> {
    while (good >= settledAfter) {
      const ended = await store.interruptAbandoned();
      if (ended.length === 0) return;
      deps.publish({
        executionIds: ended.map(({ id }) => id),
        workspaceIds: [...new Set(ended.map(({ workspaceId }) => workspaceId))],
      });
    }
  }

  async function turn(): Promise<void> {
    good = (await deps.isReachable()) ? good + 1 : 0;
    await interrupt();
  }

  return {
    interrupt,
    startReaping(onError) {
      let isTurning = false;
      const timer = setInterval(() => {
        if (isTurning) return;
        isTurning = true;
        void turn()
          .catch((error: unknown) => {
            good = 0;
            onError(error);
          })
          .finally(() => (isTurning = false));
      }, everyMs).unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}
