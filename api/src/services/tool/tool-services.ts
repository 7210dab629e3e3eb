import { startInterval } from "#async/interval.ts";
import { waitForExecution } from "./wait-for-execution.ts";
import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { CallCaches } from "../cache/call-caches.ts";
import type { CatalogServices } from "../catalog/catalog-services.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import type { SessionServices } from "../session/session-services.ts";
import { createCallContexts } from "./call-contexts.ts";
import { createExecutionCancellation, watchForCancelling } from "./cancel-execution.ts";
import { createElicitations } from "./elicitations.ts";
import { createExecutions } from "./execute-tool.ts";
import { createExecutionHistory } from "./execution-history.ts";
import { createExecutionLimits } from "./execution-limits.ts";
import { createIdempotency } from "./idempotency.ts";
import { createOrphanedExecutions } from "./orphaned-executions.ts";
import { createServerReading } from "./read-resources.ts";
import { createRunningExecutions, type RunningExecutionsDeps } from "./running-executions.ts";

export type ToolServices = ReturnType<typeof createToolServices>;

export function createToolServices(
  platform: Platform,
  stores: Stores,
  lower: AccessServices &
    GrantServices &
    SessionServices &
    CatalogServices & { callCaches: CallCaches },
  { cutResult, onFinished }: Pick<RunningExecutionsDeps, "cutResult" | "onFinished">,
) {
  const { db, bus, clock, config, onTopic } = platform;
  const { access, accounts, catalogs, openSession } = lower;
  const log = (message: string, details: object) => platform.logger.warn(details, message);
  const store = stores.executions;
  const writer = stores.executionWriter;
  const limits = createExecutionLimits({
    ...config.toolCallLimits,
    monotonicMs: clock.monotonicMs,
  });
  const running = createRunningExecutions({
    processId: platform.processId,
    newId: platform.newId,
    writer,
    clock: stores.databaseClock,
    cutResult,
    onFinished,
  });
  const history = createExecutionHistory({ access, store, writer });
  const abandoned = createOrphanedExecutions({
    store,
    publish: stores.publishExecutions,
    isReachable: () =>
      db.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      ),
  });
  const elicitations = createElicitations({
    access,
    bus,
    runs: running,
    log,
    store: stores.elicitations,
  });
  const executions = createExecutions({
    contexts: createCallContexts({ access, rows: lower.callCaches }),
    accounts,
    catalogs,
    openSession,
    running,
    writer,
    limits,
    idempotency: createIdempotency({ store: stores.idempotency }),
    askIn: ({ id, startedById, workspaceId, serverId }) => ({
      allowsLoopback: config.isLoopback,
      ask: (question, signal) =>
        elicitations.ask(
          { executionId: id, userId: startedById, workspaceId, serverId },
          question,
          signal,
        ),
    }),
    // From the database, where a key that is free again is free for every process.
    follow: (id, until) => (until ? waitForExecution(bus, store.find, id, until) : store.find(id)),
    log,
  });

  return {
    executions,
    running,
    history,
    elicitations,
    cancelling: createExecutionCancellation({
      access,
      history,
      running,
      store,
      bus,
      interruptOrphaned: () => abandoned.interrupt(),
    }),
    reading: createServerReading({ access, accounts, catalogs, openSession, limits }),

    /** Starts the regular work. To be called when other processes know that this one is alive. */
    startTasks: (onError: (error: unknown) => void): Disposable[] => [
      abandoned.startReaping(onError),
      watchForCancelling({ running, store, onExecution: onTopic("execution"), onError }),
      startInterval(() => void stores.databaseClock.sync().catch(onError), 60_000),
    ],
  };
}
