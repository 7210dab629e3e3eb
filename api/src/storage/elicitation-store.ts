import {
  type Database,
  type Elicitation,
  type ElicitationMode,
  type ElicitationStatus,
  Prisma,
  type Transaction,
} from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

/** The content of a question, as it is shown to the user. */
export interface ElicitationQuestion {
  message: string;
  /** In form mode: the JSON Schema of an object with primitive properties. */
  requestedSchema: Record<string, unknown> | null;
  /** In URL mode: the URL to open. */
  url: string | null;
}

export interface NewElicitation {
  mode: ElicitationMode;
  question: ElicitationQuestion;
  userId: string;
  workspaceId: string;
  executionId: string;
  serverId: string | null;
}

/**
 * An elicitation without its sealed columns. The status is EXPIRED when the question can no longer
 * be answered, even if the stored row has not been updated.
 */
export type ElicitationRow = Omit<Elicitation, "question" | "answer">;

export type AnsweredStatus = Exclude<ElicitationStatus, "PENDING" | "EXPIRED">;

/** The current state of a question. */
export type ElicitationOutcome =
  | { status: "PENDING" }
  /** `content`: the JSON value that was submitted with the answer, or null. */
  | { status: Exclude<ElicitationStatus, "PENDING">; content: unknown };

/**
 * Stores the questions that servers ask, and their answers until the process that runs the tool has
 * read them.
 */
export interface ElicitationStore {
  /**
   * Creates a question that stays open for `ttlMs` by the database's clock, for as long as the tool
   * execution is waiting. The execution must be waiting already.
   */
  create(elicitation: NewElicitation, ttlMs: number): Promise<ElicitationRow>;
  /** Appends INPUT_REQUESTED to the log. */
  announce(row: ElicitationRow): Promise<void>;
  /** Finds the elicitations that exist, in no particular order. */
  findMany(ids: readonly string[]): Promise<ElicitationRow[]>;
  /** Finds the newest pending elicitation of each tool execution. */
  findPendingOf(executionIds: readonly string[]): Promise<ElicitationRow[]>;
  /** Lists the elicitations that are pending for this user, oldest first. */
  listPending(userId: string, workspaceId: string, most: number): Promise<ElicitationRow[]>;
  /**
   * Maps ids to opened questions. Deleted elicitations and those that cannot be opened are left
   * out.
   */
  openElicitations(
    ids: readonly string[],
    onUnopened: (error: unknown) => void,
  ): Promise<Map<string, ElicitationQuestion>>;
  /**
   * Returns null if the question was already answered, has expired, or the tool execution no longer
   * waits for it.
   */
  answer(id: string, status: AnsweredStatus, content: unknown): Promise<ElicitationRow | null>;
  /**
   * Returns the current outcome. The content of an answer is erased at the same time, so it can be
   * read only once.
   */
  take(id: string): Promise<ElicitationOutcome>;
  /** Ends a question that is still open. */
  end(id: string, status: "ACCEPTED" | "CANCELLED" | "EXPIRED"): Promise<void>;
}

const context = (column: "question" | "answer", rowId: string) => ({
  table: "Elicitation",
  column,
  rowId,
});

const isOpen = Prisma.sql`(e."status" = 'PENDING' AND e."expiresAt" > clock_timestamp() AND EXISTS (
  SELECT 1 FROM "ToolExecution" x WHERE x."id" = e."executionId" AND x."status" = 'WAITING_FOR_INPUT'))`;
const columns = Prisma.sql`e."id", e."mode"::text AS "mode",
  CASE WHEN e."status" = 'PENDING' AND NOT ${isOpen} THEN 'EXPIRED' ELSE e."status"::text END AS "status",
  e."createdAt", e."expiresAt", e."answeredAt", e."userId", e."workspaceId", e."executionId", e."serverId"`;

export function createElicitationStore(deps: {
  db: Database;
  box: SealedBox;
  newId(): string;
  /** Appends INPUT_REQUESTED. Must be the last statement of its transaction. */
  appendRequested(tx: Transaction, row: ElicitationRow): Promise<void>;
  publish(row: ElicitationRow, change: "requested" | "answered"): void;
}): ElicitationStore {
  const { db, box } = deps;

  return {
    async create({ question, mode, userId, workspaceId, executionId, serverId }, ttlMs) {
      const id = deps.newId();
      const sealed = box.seal(JSON.stringify(question), context("question", id));
      const [row] = await db.$queryRaw<ElicitationRow[]>`
        INSERT INTO "Elicitation" ("id", "mode", "question", "createdAt", "expiresAt", "userId", "workspaceId", "executionId", "serverId")
        VALUES (${id}::uuid, ${mode}::"ElicitationMode", ${sealed}, clock_timestamp(),
          clock_timestamp() + make_interval(secs => ${ttlMs / 1000}::float8),
          ${userId}::uuid, ${workspaceId}::uuid, ${executionId}::uuid, (SELECT "id" FROM "McpServer" WHERE "id" = ${serverId}::uuid))
        RETURNING "id", "mode"::text AS "mode", "status"::text AS "status", "createdAt", "expiresAt", "answeredAt", "userId",
          "workspaceId", "executionId", "serverId"`;
      if (!row) throw new Error("a question was not stored");
      return row;
    },
    async announce(row) {
      await db.$transaction((tx) => deps.appendRequested(tx, row));
      deps.publish(row, "requested");
    },
    findMany: (ids) => db.$queryRaw`
      SELECT ${columns} FROM "Elicitation" e WHERE e."id" = ANY(${[...ids]}::uuid[])`,
    findPendingOf: (executionIds) => db.$queryRaw`
      SELECT DISTINCT ON (e."executionId") ${columns} FROM "Elicitation" e
      WHERE e."executionId" = ANY(${[...executionIds]}::uuid[]) AND ${isOpen} ORDER BY e."executionId", e."id" DESC`,
    listPending(userId, workspaceId, most) {
      return db.$queryRaw<ElicitationRow[]>`
        SELECT ${columns} FROM "Elicitation" e
        WHERE e."userId" = ${userId}::uuid AND e."workspaceId" = ${workspaceId}::uuid AND ${isOpen}
        ORDER BY e."id" LIMIT ${most}`;
    },
    async openElicitations(ids, onUnopened) {
      const rows = await db.elicitation.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, question: true },
      });
      const opened = new Map<string, ElicitationQuestion>();
      for (const { id, question } of rows)
        try {
          opened.set(id, JSON.parse(box.open(question, context("question", id))));
        } catch (error) {
          onUnopened(error);
        }
      return opened;
    },
    async answer(id, status, content) {
      const sealed =
        content === null ? null : box.seal(JSON.stringify(content), context("answer", id));
      // One statement decides between concurrent answers, and between an answer and the expiry.
      const [row] = await db.$queryRaw<ElicitationRow[]>`
        UPDATE "Elicitation" e SET "status" = ${status}::"ElicitationStatus", "answer" = ${sealed}, "answeredAt" = clock_timestamp()
        WHERE e."id" = ${id}::uuid AND ${isOpen} RETURNING ${columns}`;
      if (row) deps.publish(row, "answered");
      return row ?? null;
    },
    async take(id) {
      const [row] = await db.$queryRaw<
        { status: ElicitationStatus; answer: Uint8Array | null; isLate: boolean }[]
      >`
        SELECT "status"::text AS "status", "answer", "expiresAt" <= clock_timestamp() AS "isLate"
        FROM "Elicitation" WHERE "id" = ${id}::uuid`;
      // The elicitation was deleted together with its workspace.
      if (!row) return { status: "EXPIRED", content: null };
      const { status, answer, isLate } = row;
      if (status === "PENDING") {
        if (!isLate) return { status };
        await this.end(id, "EXPIRED");
        return this.take(id);
      }
      if (!answer) return { status, content: null };
      const content: unknown = JSON.parse(box.open(answer, context("answer", id)));
      await db.$executeRaw`UPDATE "Elicitation" SET "answer" = NULL WHERE "id" = ${id}::uuid`;
      return { status, content };
    },
    async end(id, status) {
      await db.$executeRaw`
        UPDATE "Elicitation" SET "status" = ${status}::"ElicitationStatus",
          "answeredAt" = CASE WHEN ${status} = 'ACCEPTED' THEN clock_timestamp() END
        WHERE "id" = ${id}::uuid AND "status" = 'PENDING'`;
    },
  };
}
