import type { Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { ExecutionProgress } from "./execution-content.ts";
import type { Execution } from "./execution.ts";

/** The current state of a tool execution, with the values that are sealed when it is written. */
export interface ExecutionSnapshot {
  execution: Execution;
  /** JSON; null if already stored or deleted. */
  arguments: string | null;
  /** JSON; null if not yet available or deleted. */
  result: string | null;
}

export type SealedField = "arguments" | "result" | "progress";

export function sealContext(column: SealedField, rowId: string) {
  return { table: "ToolExecution", column, rowId };
}

/**
 * Writes the current state of any number of tool executions in one statement, whether or not they
 * were written before. Repeating it has no further effect. An execution that was marked as
 * interrupted in the meantime stays so; one whose workspace was deleted is left out.
 * @returns the ids of the executions that were written
 */
export async function writeExecutions(
  tx: Transaction,
  box: SealedBox,
  snapshots: readonly ExecutionSnapshot[],
): Promise<Set<string>> {
  const rows = snapshots.map((snapshot) => toRow(box, snapshot));
  const written = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO "ToolExecution" ("id", "toolName", "status", "isToolError", "arguments", "result", "progress", "contentTruncated",
      "contentExpiresAt", "errorMessage", "startedAt", "finishedAt", "argumentBytes", "resultBytes", "processId", "apiTokenId",
      "ownerId", "startedById", "workspaceId", "serverId")
    SELECT r."id", r."toolName", r."status", r."isToolError", decode(r."arguments", 'base64'), decode(r."result", 'base64'),
      decode(r."progress", 'base64'), r."contentTruncated", r."contentExpiresAt", r."errorMessage", r."startedAt", r."finishedAt",
      r."argumentBytes", r."resultBytes", r."processId", r."apiTokenId", r."ownerId", r."startedById", w."id", s."id"
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS r("id" uuid, "toolName" text, "status" "ToolExecutionStatus",
      "isToolError" boolean, "arguments" text, "result" text, "progress" text, "contentTruncated" boolean,
      "contentExpiresAt" timestamptz, "errorMessage" text, "startedAt" timestamptz, "finishedAt" timestamptz, "argumentBytes" int,
      "resultBytes" int, "processId" uuid, "apiTokenId" uuid, "ownerId" uuid, "startedById" uuid, "workspaceId" uuid, "serverId" uuid)
    JOIN "Workspace" w ON w."id" = r."workspaceId" LEFT JOIN "McpServer" s ON s."id" = r."serverId"
    ON CONFLICT ("id") DO UPDATE SET "status" = excluded."status", "isToolError" = excluded."isToolError",
      "result" = excluded."result", "progress" = excluded."progress", "contentTruncated" = excluded."contentTruncated",
      "errorMessage" = excluded."errorMessage", "finishedAt" = excluded."finishedAt", "resultBytes" = excluded."resultBytes"
    WHERE "ToolExecution"."status" IN ('RUNNING', 'WAITING_FOR_INPUT')
    RETURNING "id"`;
  return new Set(written.map(({ id }) => id));
}

function toRow(box: SealedBox, { execution, arguments: args, result }: ExecutionSnapshot) {
  const { contents: _, progress, ...columns } = execution;
  const seal = (column: SealedField, text: string | null) =>
    text === null
      ? null
      : Buffer.from(box.seal(text, sealContext(column, execution.id))).toString("base64");
  return {
    ...columns,
    arguments: seal("arguments", args),
    result: seal("result", result),
    progress: seal("progress", progress && writeProgress(progress)),
  };
}

function writeProgress({ progress, total, message }: ExecutionProgress): string {
  return JSON.stringify({ progress, total, message });
}
