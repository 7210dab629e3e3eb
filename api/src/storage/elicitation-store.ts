import {
  type Database,
  type Elicitation,
  type ElicitationMode,
  type ElicitationStatus,
  Prisma,
  type Transaction,
} from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

/** What is asked, as it is shown. */
export interface ElicitationQuestion {
  message: string;
  /** In form mode: JSON Schema of an object of primitives. */
  requestedSchema: Record<string, unknown> | null;
  /** In URL mode. */
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

/** Without what is sealed. What nobody can answer any more is EXPIRED, whether or not that was written down. */
export type ElicitationRow = Omit<Elicitation, "question" | "answer">;

export type AnsweredStatus = Exclude<ElicitationStatus, "PENDING" | "EXPIRED">;

/** How a question stands. */
export type ElicitationOutcome =
  | { status: "PENDING" }
  /** `content`: any JSON that came with the answer, else null. */
  | { status: Exclude<ElicitationStatus, "PENDING">; content: unknown };

/** Questions of servers, and answers on their way to the process that runs the tool. */
export interface ElicitationStore {
  /** By the database's clock it is open for `ttlMs`, as long as the run waits: it has to wait already. */
  create(elicitation: NewElicitation, ttlMs: number): Promise<ElicitationRow>;
  /** Appends INPUT_REQUESTED to the log. */
  announce(row: ElicitationRow): Promise<void>;
  /** Those that there are, in any order. */
  findMany(ids: readonly string[]): Promise<ElicitationRow[]>;
  /** The newest that each of the runs waits for. */
  findPendingOf(executionIds: readonly string[]): Promise<ElicitationRow[]>;
  /** Those that wait for this person, oldest first. */
  listPending(userId: string, workspaceId: string, most: number): Promise<ElicitationRow[]>;
  /** By id, without those that are forgotten or cannot be opened. */
  openElicitations(
    ids: readonly string[],
    onUnopened: (error: unknown) => void,
  ): Promise<Map<string, ElicitationQuestion>>;
  /** Null: somebody was first, it is too late, or the run waits no more. */
  answer(id: string, status: AnsweredStatus, content: unknown): Promise<ElicitationRow | null>;
  /** How it stands now. An answer's content is erased with this: it is handed over once. */
  take(id: string): Promise<ElicitationOutcome>;
  /** Ends one that is still open. */
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
  /** The last statement of its transaction. */
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
      // One statement decides among all who answer, and between them and the end of time.
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
      // Deleted with its workspace.
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
