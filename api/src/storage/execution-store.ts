import type { Database, Prisma, ToolExecution, ToolExecutionStatus } from "@gatehouse/prisma";
import type { SealedBox } from "../crypto/sealed-box.ts";

/** What the runner alone may read, for a day. */
export interface ExecutionContent {
  content: unknown[];
  structuredContent: unknown;
}

export interface FinishedExecution {
  status: Exclude<ToolExecutionStatus, "RUNNING">;
  isToolError: boolean;
  errorMessage: string | null;
  result: ExecutionContent | null;
}

export interface ExecutionStore {
  start(run: {
    toolName: string;
    arguments: unknown;
    ownerId: string;
    startedById: string;
    workspaceId: string;
    serverId: string;
  }): Promise<ToolExecution>;
  finish(id: string, outcome: FinishedExecution): Promise<ToolExecution>;
  find(id: string): Promise<ToolExecution | null>;
  /** Null once they have expired. */
  openArguments(execution: ToolExecution): unknown;
  openContent(execution: ToolExecution): ExecutionContent | null;
}

const contentTtlMs = 24 * 60 * 60_000;
/** A larger result is cut; the rest is said to be missing. */
const maxStoredBytes = 1024 * 1024;

export function createExecutionStore(deps: {
  db: Database;
  box: SealedBox;
  newId(): string;
  /** Appends TOOL_EXECUTED in the statement that finishes a run (events/log.ts). */
  appendingEvent: Prisma.Sql;
  /** Without a workspace: its log did not grow. */
  publish(id: string, workspaceId: string | null): void;
}): ExecutionStore {
  const { db, box } = deps;
  const context = (column: string, rowId: string) => ({ table: "ToolExecution", column, rowId });
  const open = (execution: ToolExecution, column: "arguments" | "result"): unknown => {
    const sealed = execution[column];
    if (!sealed || (execution.contentExpiresAt?.getTime() ?? 0) <= Date.now()) return null;
    return JSON.parse(box.open(sealed, context(column, execution.id)));
  };

  return {
    async start({ arguments: args, ...run }) {
      const id = deps.newId();
      return db.toolExecution.create({
        data: {
          ...run,
          id,
          status: "RUNNING",
          arguments: box.seal(JSON.stringify(args), context("arguments", id)),
          contentExpiresAt: new Date(Date.now() + contentTtlMs),
        },
      });
    },
    async finish(id, { result, ...outcome }) {
      const { text, truncated } = cutResult(result);
      const sealed = text === null ? null : box.seal(text, context("result", id));
      // One that was declared dead meanwhile stays so. The event is for the runner and for admins, whose account it ran as.
      const [logged] = await db.$queryRaw<{ workspaceId: string }[]>`
        WITH finished AS (
          UPDATE "ToolExecution" SET "status" = ${outcome.status}::"ToolExecutionStatus", "isToolError" = ${outcome.isToolError},
            "errorMessage" = ${outcome.errorMessage}, "finishedAt" = clock_timestamp(), "contentTruncated" = ${truncated},
            "result" = ${sealed}
          WHERE "id" = ${id}::uuid AND "status" = 'RUNNING' RETURNING *
        ), event AS (
          SELECT "workspaceId", 'TOOL_EXECUTED' AS "type", "startedById" AS "actorId", "serverId", "startedById" AS "userId",
            json_build_object('executionId', "id", 'status', "status")::text AS "payload" FROM finished
        )${deps.appendingEvent}`;
      deps.publish(id, logged?.workspaceId ?? null);
      return db.toolExecution.findUniqueOrThrow({ where: { id } });
    },
    find: (id) => db.toolExecution.findUnique({ where: { id } }),
    openArguments: (execution) => open(execution, "arguments"),
    openContent: (execution) => open(execution, "result") as ExecutionContent | null,
  };
}

/** Drops whole blocks from the end until the rest fits, so that what is kept can still be shown. */
function cutResult(result: ExecutionContent | null): { text: string | null; truncated: boolean } {
  if (!result) return { text: null, truncated: false };
  const text = JSON.stringify(result);
  if (Buffer.byteLength(text) <= maxStoredBytes) return { text, truncated: false };
  const content: unknown[] = [];
  let bytes = 0;
  for (const block of result.content) {
    bytes += Buffer.byteLength(JSON.stringify(block));
    if (bytes > maxStoredBytes) break;
    content.push(block);
  }
  return { text: JSON.stringify({ content, structuredContent: null }), truncated: true };
}
