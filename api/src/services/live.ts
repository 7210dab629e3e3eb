import type { Database, OAuthFlow, ToolExecution } from "@gatehouse/prisma";
import type { Bus } from "../events/bus.ts";
import { decodeCursor, encodeCursor, type Position } from "../events/cursor.ts";
import { type LoggedEvent, readOldestPosition, readPosition } from "../events/log.ts";
import { streamEvents } from "../events/stream.ts";
import { topics } from "../events/topics.ts";
import { type Access, type Caller, isAllowed } from "./access.ts";
import { notFound, ServiceError } from "./errors.ts";

/** An entry of the log on its way to a subscriber. */
export interface DeliveredEvent extends Omit<LoggedEvent, "payload" | "seq"> {
  cursor: string;
  payload: Record<string, unknown>;
}

export interface AuthStateFilter {
  workspaceId: string;
  serverId: string | null;
  onlyReauthRequired: boolean;
  /** A cursor; null: live only. */
  after: string | null;
}

/** Who may not subscribe learns it when subscribing: each of these rejects with a ServiceError then. */
export interface Live {
  /** The opaque form of a position, as `after` takes it. */
  encodeCursor(position: Position): string;
  authStateChanges(
    caller: Caller | null,
    filter: AuthStateFilter,
  ): Promise<AsyncIterable<DeliveredEvent>>;
  /** Its present shape at once, then each change until it is finished. */
  flow(caller: Caller | null, flowId: string): Promise<AsyncIterable<OAuthFlow>>;
  execution(caller: Caller | null, executionId: string): Promise<AsyncIterable<ToolExecution>>;
}

export interface LiveDeps {
  db: Database;
  bus: Bus;
  access: Access;
  findFlow(caller: Caller | null, id: string): Promise<OAuthFlow | null>;
  findExecution(caller: Caller | null, id: string): Promise<ToolExecution | null>;
}

/** Behind NOTIFY, which may be lost. */
const pollMs = 1_000;

/**
 * Ties a generator that waits inside to its consumer: `return()` on a generator takes effect only when it next yields, so the
 * abort must come first or a closed subscription would stay until the next event.
 */
function abortable<T>(start: (signal: AbortSignal) => AsyncGenerator<T, void>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const controller = new AbortController();
      const generator = start(controller.signal);
      return {
        next: () => generator.next(),
        return: () => {
          controller.abort();
          return generator.return();
        },
        throw: (error) => {
          controller.abort();
          return generator.throw(error);
        },
      };
    },
  };
}

export function createLive(deps: LiveDeps): Live {
  const { db, bus, access } = deps;

  async function startingPosition(workspaceId: string, after: string | null) {
    const now = await readPosition(db, workspaceId);
    if (!now) throw notFound("workspace");
    if (after === null) return now;
    const cursor = decodeCursor(after);
    const oldest = await readOldestPosition(db, workspaceId);
    if (
      !cursor ||
      !oldest ||
      cursor.epoch !== now.epoch ||
      cursor.seq > now.seq ||
      cursor.seq < oldest.seq
    )
      throw new ServiceError(
        "CURSOR_INVALID",
        "That cursor is not of this log any more: read the state anew.",
        {
          oldestCursor: oldest && encodeCursor(oldest),
        },
      );
    return cursor;
  }

  async function* readAuthStateChanges(
    caller: Caller,
    filter: AuthStateFilter,
    from: Position,
    signal: AbortSignal,
  ): AsyncGenerator<DeliveredEvent, void> {
    const { workspaceId } = filter;
    for await (const event of streamEvents({ db, bus }, { workspaceId, seq: from.seq }, signal)) {
      if (event.type !== "OAUTH_STATE_CHANGED" && event.type !== "REAUTH_REQUIRED") continue;
      if (filter.serverId && event.serverId !== filter.serverId) continue;
      if (filter.onlyReauthRequired && event.type !== "REAUTH_REQUIRED") continue;
      // The right is that of the moment of delivery, not of subscribing.
      const role = await access.roleIn(caller, workspaceId);
      if (!role)
        throw new ServiceError("FORBIDDEN", "You are no longer a member of this workspace.");
      const concernsAnother = event.userId !== null && event.userId !== caller.userId;
      if (concernsAnother && !isAllowed(role, "administer")) continue;
      yield {
        ...event,
        cursor: encodeCursor({ epoch: from.epoch, seq: event.seq }),
        payload: event.payload as Record<string, unknown>,
      };
    }
  }

  /** Re-reads a row whenever it may have changed, and answers what is new until it is finished. */
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
        if (!row) return;
        // What is derived from the clock (an attempt that ran out) changes no column.
        const shape = JSON.stringify([...shapeOf(row), isFinished(row)]);
        if (shape !== last) yield row;
        last = shape;
        if (isFinished(row)) return;
        await watch.next(pollMs, signal);
      }
    });
  }

  return {
    encodeCursor,

    async authStateChanges(maybeCaller, filter) {
      const caller = await access.requireWorkspace(maybeCaller, filter.workspaceId, "see");
      if (filter.serverId) {
        const { server } = await access.requireServer(caller, filter.serverId, "see");
        if (server.workspaceId !== filter.workspaceId) throw notFound("server");
      }
      const from = await startingPosition(filter.workspaceId, filter.after);
      return abortable((signal) => readAuthStateChanges(caller, filter, from, signal));
    },
    flow: (caller, flowId) =>
      follow(
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
      ),
    execution: (caller, executionId) =>
      follow(
        topics.execution(executionId),
        () => deps.findExecution(caller, executionId),
        "execution",
        ({ status, finishedAt }) => [status, finishedAt],
        ({ status }) => status !== "RUNNING",
      ),
  };
}
