import type { Database } from "@gatehouse/prisma";
import type { Caller } from "../access/access.ts";
import type { EventFilter } from "./event-selection.ts";
import type { Execution, ExecutionFilter, ExecutionHistory } from "../tool/execution-history.ts";
import type { WebhookMessage } from "../webhook/webhook-sender.ts";
import type { DeliveredEvent, WorkspaceEvents } from "./workspace-events.ts";

/** A row of an export. Its ids are the API's global ids. */
export type ExportRow = Readonly<Record<string, string | number | boolean | object | null>>;

/** A complete list, newest first. Each page is read when it is requested. */
export interface Export {
  columns: readonly string[];
  /** Rejects like the underlying list as soon as the caller may no longer see it. */
  pages: AsyncGenerator<readonly ExportRow[], void>;
}

/**
 * Exports of the log and the history of tool executions. Both methods reject immediately with the
 * ServiceError of the list.
 */
export interface Exports {
  readEvents(caller: Caller | null, workspaceId: string, filter: EventFilter): Promise<Export>;
  readRuns(caller: Caller | null, workspaceId: string, filter: ExecutionFilter): Promise<Export>;
}

export interface ExportsDeps {
  db: Database;
  events: Pick<WorkspaceEvents, "list">;
  history: Pick<ExecutionHistory, "list">;
  encodeId(typename: string, id: string): string;
  /**
   * Describes an event as in webhooks. The values other than its columns are written to `details`.
   */
  describe(event: Omit<DeliveredEvent, "cursor">): WebhookMessage;
}

const pageSize = 100;

const eventColumns = [
  "occurredAt",
  "type",
  "actor",
  "actorId",
  "server",
  "serverId",
  "account",
  "userId",
  "details",
  "id",
  "cursor",
];
const runColumns = [
  "startedAt",
  "finishedAt",
  "durationMs",
  "server",
  "serverId",
  "toolName",
  "status",
  "isToolError",
  "errorMessage",
  "startedBy",
  "startedById",
  "account",
  "argumentBytes",
  "resultBytes",
  "id",
];

export function createExports(deps: ExportsDeps): Exports {
  const { db, events, history } = deps;
  const encode = (typename: string, id: string | null) => id && deps.encodeId(typename, id);

  /** Two statements for a page. */
  async function readNames(
    userIds: readonly (string | null)[],
    serverIds: readonly (string | null)[],
  ) {
    const present = (ids: readonly (string | null)[]) =>
      [...new Set(ids)].filter((id) => id !== null);
    const select = { id: true, name: true };
    const [users, servers] = await Promise.all([
      db.user.findMany({ where: { id: { in: present(userIds) } }, select }),
      db.mcpServer.findMany({ where: { id: { in: present(serverIds) } }, select }),
    ]);
    const names = new Map([...users, ...servers].map(({ id, name }) => [id, name]));
    return (id: string | null) => (id && names.get(id)) || null;
  }

  async function toEventRows(found: readonly DeliveredEvent[]): Promise<ExportRow[]> {
    const nameOf = await readNames(
      found.flatMap(({ actorId, userId }) => [actorId, userId]),
      found.map(({ serverId }) => serverId),
    );
    return found.map((event) => {
      const { id, cursor, type, occurredAt, actorId, serverId, userId } = event;
      const { data } = deps.describe(event);
      const told = Object.keys(event.payload).map((name) => [name, data[name]]);
      return {
        occurredAt: occurredAt.toISOString(),
        type,
        actor: nameOf(actorId),
        actorId: encode("User", actorId),
        server: nameOf(serverId),
        serverId: encode("McpServer", serverId),
        account: nameOf(userId),
        userId: encode("User", userId),
        details: Object.fromEntries(told) as object,
        id,
        cursor,
      };
    });
  }

  async function toRunRows(found: readonly Execution[]): Promise<ExportRow[]> {
    const nameOf = await readNames(
      found.flatMap(({ startedById, ownerId }) => [startedById, ownerId]),
      found.map(({ serverId }) => serverId),
    );
    return found.map((run) => ({
      startedAt: run.startedAt.toISOString(),
      finishedAt: run.finishedAt?.toISOString() ?? null,
      durationMs: run.finishedAt && run.finishedAt.getTime() - run.startedAt.getTime(),
      server: nameOf(run.serverId),
      serverId: encode("McpServer", run.serverId),
      toolName: run.toolName,
      status: run.status,
      isToolError: run.isToolError,
      errorMessage: run.errorMessage,
      startedBy: nameOf(run.startedById),
      startedById: encode("User", run.startedById),
      account: run.ownerId === run.workspaceId ? "workspace" : nameOf(run.ownerId),
      argumentBytes: run.argumentBytes,
      resultBytes: run.resultBytes,
      id: encode("ToolExecution", run.id),
    }));
  }

  return {
    async readEvents(caller, workspaceId, filter) {
      const read = async (before: string | null) => {
        const page = { first: null, after: null, last: pageSize, before };
        const found = await events.list(caller, workspaceId, page, filter);
        const next = found.hasPreviousPage ? found.endCursor : null;
        return { rows: await toEventRows(found.events), next };
      };
      return { columns: eventColumns, pages: turnPages(await read(null), read) };
    },
    async readRuns(caller, workspaceId, filter) {
      const read = async (after: string | null) => {
        const found = await history.list(caller, workspaceId, { first: pageSize, after }, filter);
        const next = found.hasNextPage ? found.endCursor : null;
        return { rows: await toRunRows(found.edges.map(({ node }) => node)), next };
      };
      return { columns: runColumns, pages: turnPages(await read(null), read) };
    },
  };
}

interface Page {
  rows: ExportRow[];
  /** Where the next page begins; null on the last page. */
  next: string | null;
}

/** Each page is read when it is requested, and no page is kept in memory. */
async function* turnPages(
  first: Page,
  read: (place: string) => Promise<Page>,
): AsyncGenerator<ExportRow[], void> {
  let page = first;
  for (;;) {
    yield page.rows;
    if (page.next === null) return;
    page = await read(page.next);
  }
}
