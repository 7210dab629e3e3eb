/** Everything about runs of tools: what runs here, what other processes know of it, and what is kept. */
import type { Database } from "@gatehouse/prisma";
import type { Config } from "#config/config.ts";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { Bus } from "#events/bus.ts";
import { appendEvent, appendEvents } from "#events/log.ts";
import type { Changes } from "#events/changes.ts";
import { createAbandonedExecutions } from "#services/tool/orphaned-executions.ts";
import type { Access } from "#services/access/access.ts";
import { createElicitations } from "#services/tool/elicitations.ts";
import { createExecutionCancelling, watchForCancelling } from "#services/tool/cancel-execution.ts";
import { followToEnd } from "#services/tool/wait-for-execution.ts";
import { createExecutionHistory } from "#services/tool/execution-history.ts";
import { createExecutionLimits } from "#services/tool/execution-limits.ts";
import { createExecutions, type ExecutionsDeps } from "#services/tool/execute-tool.ts";
import { createIdempotency } from "#services/tool/idempotency.ts";
import { createRunningExecutions } from "#services/tool/running-executions.ts";
import { startTurns } from "#async/interval.ts";
import { openDatabaseClock } from "#storage/database-clock.ts";
import { createElicitationStore } from "#storage/elicitation-store.ts";
import { cutResult } from "#storage/execution-content.ts";
import { createExecutionStore, type ExecutionStoreDeps } from "#storage/execution-store.ts";
import { createExecutionWriter } from "#storage/execution-writer.ts";
import { createIdempotencyStore } from "#storage/idempotency-store.ts";

export interface ToolRunsDeps {
  db: Database;
  box: SealedBox;
  bus: Bus;
  changes: Changes;
  access: Access;
  newId(): string;
  processId: string;
  /** Gatehouse is on its user's own machine. */
  allowsLoopback: boolean;
  monotonicMs(): number;
  log(message: string, details: object): void;
  onFinished(run: { status: string; durationMs: number }): void;
  /** How many tool calls may run at once, and how many may be started. */
  limits: Config["toolCallLimits"];
}

/** Asks the database for its time. */
export async function openToolRuns(deps: ToolRunsDeps) {
  const { db, box, bus, changes, access, log } = deps;
  const clock = await openDatabaseClock(db, deps.monotonicMs);
  const publish = (change: { executionIds: string[]; workspaceIds: string[] }) => {
    changes.execution(...change.executionIds);
    changes.workspace(...change.workspaceIds);
  };
  // For the runner and for admins: it tells of the account that it ran as.
  const appendFinished: ExecutionStoreDeps["appendFinished"] = (tx, executions) =>
    appendEvents(
      tx,
      executions.map(({ id, status, startedById, workspaceId, serverId }) => ({
        workspaceId,
        type: "TOOL_EXECUTED",
        actorId: startedById,
        serverId,
        userId: startedById,
        payload: { executionId: id, status },
      })),
    );
  const store = createExecutionStore({
    db,
    box,
    clock,
    appendFinished,
    onUnopened: (error) =>
      log("a run's content could not be opened", {
        error: error instanceof Error ? error.name : "unknown",
      }),
  });
  const writer = createExecutionWriter({ db, box, appendFinished, publish, log });
  const running = createRunningExecutions({ ...deps, writer, clock, cutResult });
  const history = createExecutionHistory({ access, store, writer });
  const abandoned = createAbandonedExecutions({
    store,
    publish,
    isReachable: () =>
      db.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      ),
  });
  const cancelling = createExecutionCancelling({
    access,
    history,
    running,
    store,
    bus,
    interruptAbandoned: () => abandoned.interrupt(),
  });
  const elicitations = createElicitations({
    access,
    bus,
    runs: running,
    log,
    store: createElicitationStore({
      db,
      box,
      newId: deps.newId,
      appendRequested: (tx, { id, executionId, userId, workspaceId, serverId }) =>
        appendEvent(tx, {
          workspaceId,
          type: "INPUT_REQUESTED",
          actorId: null,
          serverId,
          userId,
          payload: { elicitationId: id, executionId },
        }),
      publish({ id, executionId, workspaceId }, change) {
        changes.elicitation(id);
        changes.execution(executionId);
        if (change === "requested") changes.workspace(workspaceId);
      },
    }),
  });
  const limits = createExecutionLimits({ ...deps.limits, monotonicMs: deps.monotonicMs });
  const idempotency = createIdempotency({ store: createIdempotencyStore({ db, box }) });
  const tasks: Disposable[] = [];

  return {
    limits,
    running,
    history,
    cancelling,
    elicitations,

    /** What of it needs what can only be made with it. */
    createExecutions: (
      rest: Pick<ExecutionsDeps, "contexts" | "accounts" | "catalogs" | "openSession">,
    ) =>
      createExecutions({
        ...rest,
        running,
        writer,
        limits,
        idempotency,
        askIn: ({ id, startedById, workspaceId, serverId }) => ({
          allowsLoopback: deps.allowsLoopback,
          ask: (question, signal) =>
            elicitations.ask(
              { executionId: id, userId: startedById, workspaceId, serverId },
              question,
              signal,
            ),
        }),
        // As it is in the database, where a key that is free again is free for everybody.
        follow: (id, until) => (until ? followToEnd(bus, store.find, id, until) : store.find(id)),
        log,
      }),

    /** Once this process is known to the others as a living one. */
    start(onError: (error: unknown) => void): void {
      tasks.push(
        abandoned.startReaping(onError),
        watchForCancelling({
          running,
          store,
          onExecution: (listener) =>
            bus.listen("execution", (topic) => listener(topic && topic.slice("execution:".length))),
          onError,
        }),
        startTurns(() => void clock.sync().catch(onError), 60_000),
      );
    },

    /** Lets what runs go on for `graceMs`, then ends it: whoever waits for it is answered. */
    finishRuns: (graceMs: number) => running.close(graceMs),

    /** Writes what is left of the history. */
    async close(): Promise<void> {
      await running.close(0);
      for (const task of tasks) task[Symbol.dispose]();
      await writer.close();
    },
  };
}
