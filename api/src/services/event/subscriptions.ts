import type { OAuthFlow } from "@gatehouse/prisma";
import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import type { Execution } from "#storage/execution.ts";
import { abortable } from "#async/abortable-generator.ts";
import { type Access, type Caller, requireCaller } from "../access/access.ts";
import { notFound, ServiceError } from "../access/service-error.ts";
import type { DeliveredEvent, WorkspaceEvents } from "./workspace-events.ts";

export interface AuthStateFilter {
  workspaceId: string;
  serverId: string | null;
  onlyReauthRequired: boolean;
  /** A cursor; null: new events only. */
  after: string | null;
}

/**
 * Permissions are checked on subscribing: each of these methods rejects with a ServiceError then.
 */
export interface Subscriptions {
  authStateChanges(
    caller: Caller | null,
    filter: AuthStateFilter,
  ): Promise<AsyncIterable<DeliveredEvent>>;
  /** Yields the current state immediately, then each change until the flow has finished. */
  flow(caller: Caller | null, flowId: string): Promise<AsyncIterable<OAuthFlow>>;
  execution(caller: Caller | null, executionId: string): Promise<AsyncIterable<Execution>>;
}

export interface SubscriptionsDeps {
  bus: Bus;
  access: Access;
  events: WorkspaceEvents;
  findFlow(caller: Caller | null, id: string): Promise<OAuthFlow | null>;
  findExecution(caller: Caller | null, id: string): Promise<Execution | null>;
  /** Finds the question that a tool execution of the caller is waiting for. */
  findElicitation(caller: Caller | null, executionId: string): Promise<{ id: string } | null>;
}

/** Polls in addition to NOTIFY, because notifications can be lost. */
const pollMs = 1_000;

export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const { bus, access } = deps;

  /**
   * Reads a row again whenever it may have changed, and yields each new state until it is finished.
   */
  async function follow<Row>(
    topic: string,
    read: () => Promise<Row | null>,
    what: string,
    shapeOf: (row: Row) => unknown[],
    isFinished: (row: Row) => boolean,
  ): Promise<AsyncIterable<Row>> {
    if (!(await read())) throw notFound(what);
    return abortable(async function* (signal) {
      using watch = bus.watch(topic);
      let last = "";
      while (!signal.aborted) {
        const row = await read();
        if (!row) throw new ServiceError("FORBIDDEN", `You no longer have access to this ${what}.`);
        // States that are derived from the clock, such as an expired flow, change no column.
        const shape = JSON.stringify([...shapeOf(row), isFinished(row)]);
        if (shape !== last) yield row;
        last = shape;
        if (isFinished(row)) return;
        await watch.next(pollMs, signal);
      }
    });
  }

  return {
    async authStateChanges(maybeCaller, filter) {
      const caller = await access.requireWorkspace(maybeCaller, filter.workspaceId, "see");
      if (filter.serverId) {
        const { server } = await access.requireServer(caller, filter.serverId, "see");
        if (server.workspaceId !== filter.workspaceId) throw notFound("server");
      }
      return deps.events.subscribe(caller, filter.workspaceId, filter.after, {
        types: [filter.onlyReauthRequired ? "REAUTH_REQUIRED" : "OAUTH_STATE_CHANGED"],
        serverId: filter.serverId,
        onlyMine: false,
      });
    },
    async flow(maybeCaller, flowId) {
      const caller = requireCaller(maybeCaller);
      return follow(
        topics.flow(flowId),
        () => deps.findFlow(caller, flowId),
        "attempt",
        ({ status, error, errorDetail, steps, stateHash }) => [
          status,
          error,
          errorDetail,
          steps,
          stateHash !== null,
        ],
        ({ status, expiresAt }) => status !== "PENDING" || expiresAt.getTime() <= Date.now(),
      );
    },
    async execution(maybeCaller, executionId) {
      const caller = requireCaller(maybeCaller);
      let question: string | null = null;
      return follow(
        topics.execution(executionId),
        async () => {
          const execution = await deps.findExecution(caller, executionId);
          const isWaiting = execution?.status === "WAITING_FOR_INPUT";
          const asked = isWaiting ? await deps.findElicitation(caller, executionId) : null;
          question = asked?.id ?? null;
          return execution;
        },
        "execution",
        ({ status, finishedAt, startedById, progress }) => [
          status,
          finishedAt,
          // Only the user who started the execution sees its progress.
          startedById === caller.userId ? progress : null,
          question,
        ],
        ({ finishedAt }) => finishedAt !== null,
      );
    },
  };
}
