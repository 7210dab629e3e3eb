import { type Database, Prisma, type Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { DatabaseClock } from "./database-clock.ts";
import type { ExecutionContent, ExecutionProgress } from "./execution-content.ts";
import { type SealedField, sealContext } from "./execution-rows.ts";
import { type ExecutionIdPage, type ExecutionQuery, readExecutionIds } from "./execution-pages.ts";
import type { Execution, ExecutionContents } from "./execution.ts";

export interface ExecutionStore {
  find(id: string): Promise<Execution | null>;
  /** In the order of `ids`, without those that no longer exist. */
  findMany(ids: readonly string[]): Promise<Execution[]>;
  /** Reads the ids of one page, newest first. */
  readIds(
    query: ExecutionQuery,
    page: { beforeId: string | null; most: number; scanLimit: number },
  ): Promise<ExecutionIdPage>;
  /**
   * Only for the user who started the executions. In the order of `ids`; null for an execution that
   * no longer exists or whose encryption key is missing.
   */
  readContents(ids: readonly string[]): Promise<(ExecutionContents | null)[]>;
  /**
   * Stores a cancellation request, which the process that runs the tool reads. Does nothing for a
   * finished execution.
   */
  requestCancel(id: string): Promise<void>;
  /** Returns those of the given ids for which cancellation was requested. */
  findCancelRequested(ids: readonly string[]): Promise<string[]>;
  /**
   * Ends the executions of processes that have stopped, a limited number at a time, and returns
   * those that were ended.
   */
  interruptOrphaned(): Promise<Pick<Execution, "id" | "workspaceId">[]>;
}

export interface ExecutionStoreDeps {
  db: Database;
  box: SealedBox;
  clock: DatabaseClock;
  /** Appends TOOL_EXECUTED for each execution, as the last statement of the transaction. */
  appendFinished(tx: Transaction, executions: readonly EndedExecution[]): Promise<void>;
  /** Content that cannot be opened is returned as null and does not make the whole read fail. */
  onUnopened(error: unknown): void;
}

/** The properties that the TOOL_EXECUTED event contains. */
export type EndedExecution = Pick<
  Execution,
  "id" | "status" | "startedById" | "workspaceId" | "serverId"
>;

const mostAtOnce = 200;
/**
 * An execution without a process id is considered interrupted after this time: connecting and the
 * call itself can take ten minutes each.
 */
const namelessInterval = "30 minutes";

export function createExecutionStore(deps: ExecutionStoreDeps): ExecutionStore {
  const { db, box, clock } = deps;

  function open(column: SealedField, id: string, sealed: Uint8Array | null): unknown {
    if (!sealed) return null;
    try {
      return JSON.parse(box.open(sealed, sealContext(column, id)));
    } catch (error) {
      deps.onUnopened(error);
      return null;
    }
  }

  async function findMany(ids: readonly string[]): Promise<Execution[]> {
    const rows = await db.toolExecution.findMany({
      where: { id: { in: [...ids] } },
      // These columns hold up to a megabyte each and are rarely selected.
      omit: { arguments: true, result: true },
    });
    const found = new Map(
      rows.map((row) => {
        const progress = isKept(row, clock) ? open("progress", row.id, row.progress) : null;
        return [row.id, { ...row, progress: progress as ExecutionProgress | null, contents: null }];
      }),
    );
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  return {
    findMany,
    find: async (id) => (await findMany([id]))[0] ?? null,
    readIds: (query, page) => readExecutionIds(db, query, page),

    async readContents(ids) {
      const rows = await db.toolExecution.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, arguments: true, result: true, contentExpiresAt: true },
      });
      const kept = rows.filter((row) => isKept(row, clock));
      const opened = new Map(
        kept.map(({ id, arguments: args, result }) => [
          id,
          {
            arguments: open("arguments", id, args),
            result: open("result", id, result) as ExecutionContent | null,
          },
        ]),
      );
      return ids.map((id) => opened.get(id) ?? null);
    },

    async requestCancel(id) {
      await db.$executeRaw`
        UPDATE "ToolExecution" SET "cancelRequestedAt" = clock_timestamp()
        WHERE "id" = ${id}::uuid AND "status" IN ('RUNNING', 'WAITING_FOR_INPUT') AND "cancelRequestedAt" IS NULL`;
    },

    async findCancelRequested(ids) {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT "id" FROM "ToolExecution" WHERE "id" = ANY(${[...ids]}::uuid[]) AND "cancelRequestedAt" IS NOT NULL`;
      return rows.map(({ id }) => id);
    },

    interruptOrphaned: () =>
      db.$transaction(async (tx) => {
        const ended = await tx.$queryRaw<EndedExecution[]>`
          UPDATE "ToolExecution" SET "status" = 'INTERRUPTED', "finishedAt" = clock_timestamp(),
            "errorMessage" = 'The process that ran the tool has ended. The tool may have run.'
          WHERE "id" IN (
            SELECT e."id" FROM "ToolExecution" e WHERE e."status" IN ('RUNNING', 'WAITING_FOR_INPUT') AND ${isAbandoned}
            LIMIT ${mostAtOnce} FOR UPDATE SKIP LOCKED)
          RETURNING "id", "status"::text AS "status", "startedById", "workspaceId", "serverId"`;
        if (ended.length > 0) await deps.appendFinished(tx, ended);
        return ended;
      }),
  };
}

/**
 * True for an execution whose process has not sent a heartbeat for ten seconds
 * (storage/processes.ts), by the database's clock.
 */
const isAbandoned = Prisma.sql`CASE WHEN e."processId" IS NULL
  THEN e."startedAt" < clock_timestamp() - ${namelessInterval}::interval
  ELSE NOT EXISTS (SELECT 1 FROM "Process" p
    WHERE p."id" = e."processId" AND p."lastSeenAt" > clock_timestamp() - interval '10 seconds') END`;

function isKept(row: { contentExpiresAt: Date | null }, clock: DatabaseClock): boolean {
  return row.contentExpiresAt !== null && row.contentExpiresAt > clock.now();
}
