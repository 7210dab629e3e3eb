import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import type { ExecutionStore } from "#storage/execution-store.ts";
import type { Execution } from "#storage/execution.ts";
import { type Access, type Caller, requireCaller } from "../access/access.ts";
import { notFound } from "../access/service-error.ts";
import type { ExecutionHistory } from "./execution-history.ts";
import type { RunningExecutions } from "./running-executions.ts";

export interface ExecutionCancellation {
  /**
   * Cancels an execution in whichever process it is running, and notifies its server (`notifications/cancelled`). Returns the execution
   * once it has ended, or its current state after `patienceMs`. Returns an execution that has already finished unchanged.
   * @throws ServiceError NOT_FOUND if the caller may not see it, FORBIDDEN if the role or token scope is insufficient
   */
  cancel(caller: Caller | null, id: string): Promise<Execution>;
}

export interface ExecutionCancellationDeps {
  access: Access;
  history: Pick<ExecutionHistory, "find">;
  running: Pick<RunningExecutions, "find">;
  store: Pick<ExecutionStore, "requestCancel">;
  bus: Pick<Bus, "publish" | "watch">;
  /** Marks the executions of processes that no longer exist as INTERRUPTED. */
  interruptOrphaned(): Promise<void>;
}

/** How long a caller waits for the execution to end, in milliseconds. Cancellation continues in the background. */
const patienceMs = 5_000;
const pollMs = 500;

export function createExecutionCancellation(
  deps: ExecutionCancellationDeps,
): ExecutionCancellation {
  const { access, bus, history, running, store } = deps;

  async function require(caller: Caller, id: string): Promise<Execution> {
    const execution = await history.find(caller, id);
    if (!execution) throw notFound("execution");
    return execution;
  }

  return {
    async cancel(maybeCaller, id) {
      const caller = requireCaller(maybeCaller);
      let execution = await require(caller, id);
      const isRunner = execution.startedById === caller.userId;
      await access.requireWorkspace(caller, execution.workspaceId, isRunner ? "use" : "administer");
      if (execution.finishedAt !== null) return execution;
      const own = running.find(id);
      if (own) {
        own.cancel();
        await Promise.race([own.ended, delay(patienceMs, undefined, { ref: false })]);
        return require(caller, id);
      }
      using watch = bus.watch(topics.execution(id));
      await store.requestCancel(id);
      bus.publish(topics.execution(id));
      const untilMs = performance.now() + patienceMs;
      for (;;) {
        execution = await require(caller, id);
        if (execution.finishedAt !== null || performance.now() > untilMs) return execution;
        await deps.interruptOrphaned();
        await watch.next(pollMs);
      }
    },
  };
}

export interface CancelWatchDeps {
  running: Pick<RunningExecutions, "find" | "ids">;
  store: Pick<ExecutionStore, "findCancelRequested">;
  /** Subscribes to executions that changed or should be cancelled. The listener receives null if notifications may have been lost. */
  onExecution(listener: (id: string | null) => void): () => void;
  onError(error: unknown): void;
}

/** Fallback for lost NOTIFY messages. */
const lookEveryMs = 1_000;

/** Cancels executions of this process for which cancellation was requested in another process, until disposed. */
export function watchForCancelling(deps: CancelWatchDeps): Disposable {
  const { running, store } = deps;
  let looking: Promise<void> | null = null;
  let isBehind = false;

  async function look(): Promise<void> {
    do {
      isBehind = false;
      const ids = running.ids();
      if (ids.length === 0) return;
      for (const id of await store.findCancelRequested(ids)) running.find(id)?.cancel();
    } while (isBehind);
  }

  function kick(): void {
    isBehind = true;
    looking ??= look()
      .catch(deps.onError)
      .finally(() => (looking = null));
  }

  const stop = deps.onExecution((id) => {
    if (id === null || running.find(id)) kick();
  });
  const timer = setInterval(() => {
    if (running.ids().length > 0) kick();
  }, lookEveryMs).unref();
  return {
    [Symbol.dispose]() {
      stop();
      clearInterval(timer);
    },
  };
}
