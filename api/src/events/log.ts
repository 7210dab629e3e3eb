import {
  type Database,
  Prisma,
  type Transaction,
  type WorkspaceEventType,
} from "@gatehouse/prisma";
import type { Position } from "./cursor.ts";

/** What is appended. Ids and enumerations only: never a URL with a query, a state or a secret. */
export interface NewEvent {
  workspaceId: string;
  type: WorkspaceEventType;
  /** Who did it; null when nobody in particular. */
  actorId: string | null;
  serverId: string | null;
  /** Whose personal account it concerns; null for the workspace's shared one, or for none. */
  userId: string | null;
  payload: Prisma.InputJsonObject;
}

export interface LoggedEvent {
  id: string;
  workspaceId: string;
  seq: bigint;
  type: WorkspaceEventType;
  occurredAt: Date;
  actorId: string | null;
  serverId: string | null;
  userId: string | null;
  payload: Prisma.JsonValue;
}

/**
 * The end of a statement that makes a change and tells of it at once: `WITH ..., event AS (SELECT ...)` comes before, one row or none
 * with the columns of `NewEvent`. Answers the workspace's id for a row.
 */
export const appendingEvent = Prisma.sql`,
  counter AS (
    UPDATE "Workspace" w SET "eventSeq" = w."eventSeq" + 1
    FROM event WHERE w."id" = event."workspaceId" RETURNING w."eventSeq"
  )
  INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "occurredAt", "actorId", "serverId", "userId", "payload")
  SELECT event."workspaceId", counter."eventSeq", uuidv7(), event."type"::"WorkspaceEventType", clock_timestamp(),
    event."actorId"::uuid, event."serverId", event."userId", event."payload"::jsonb
  FROM event, counter RETURNING "workspaceId"`;

/**
 * Appends as the last statement of the transaction that makes the change: the counter's row lock is then short, and the order
 * of numbers is the order of commits, without holes.
 */
export async function appendEvent(tx: Transaction, event: NewEvent): Promise<void> {
  await tx.$executeRaw`
    WITH event AS (
      SELECT ${event.workspaceId}::uuid AS "workspaceId", ${event.type}::text AS "type", ${event.actorId}::uuid AS "actorId",
        ${event.serverId}::uuid AS "serverId", ${event.userId}::uuid AS "userId", ${JSON.stringify(event.payload)}::text AS "payload"
    )${appendingEvent}`;
}

/**
 * Appends any number of events as the last statement of a transaction, of each workspace in the given order. Counters are locked in one
 * order, so that two that append to several workspaces do not wait for each other.
 */
export async function appendEvents(tx: Transaction, events: readonly NewEvent[]): Promise<void> {
  await tx.$executeRaw`
    WITH event AS (
      SELECT * FROM json_to_recordset(${JSON.stringify(events.map((event, place) => ({ ...event, place })))}::json) AS e(
        "place" int, "workspaceId" uuid, "type" text, "actorId" uuid, "serverId" uuid, "userId" uuid, "payload" jsonb)
    ), added AS (
      SELECT "workspaceId", count(*) AS "count" FROM event GROUP BY "workspaceId"
    ), locked AS MATERIALIZED (
      SELECT w."id" FROM "Workspace" w WHERE w."id" IN (SELECT "workspaceId" FROM added) ORDER BY w."id" FOR NO KEY UPDATE
    ), counter AS (
      UPDATE "Workspace" w SET "eventSeq" = w."eventSeq" + added."count"
      FROM added, locked WHERE w."id" = added."workspaceId" AND w."id" = locked."id"
      RETURNING w."id", w."eventSeq" - added."count" AS "before"
    )
    INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "occurredAt", "actorId", "serverId", "userId", "payload")
    SELECT event."workspaceId", counter."before" + row_number() OVER (PARTITION BY event."workspaceId" ORDER BY event."place"),
      uuidv7(), event."type"::"WorkspaceEventType", clock_timestamp(), event."actorId", event."serverId", event."userId", event."payload"
    FROM event JOIN counter ON counter."id" = event."workspaceId"`;
}

/** Where a log ends, and after which place nothing of it is missing. */
export interface LogExtent extends Position {
  oldestSeq: bigint;
}

/** Null when there is no such workspace. */
export async function readExtent(db: Database, workspaceId: string): Promise<LogExtent | null> {
  const [extent] = await db.$queryRaw<LogExtent[]>`
    SELECT w."eventEpoch"::text AS "epoch", w."eventSeq" AS "seq", coalesce(
      (SELECT e."seq" - 1 FROM "WorkspaceEvent" e WHERE e."workspaceId" = w."id" ORDER BY e."seq" LIMIT 1), w."eventSeq"
    ) AS "oldestSeq" FROM "Workspace" w WHERE w."id" = ${workspaceId}::uuid`;
  return extent ?? null;
}

/** What came after `seq`, oldest first. */
export function readEventsAfter(
  db: Database,
  workspaceId: string,
  seq: bigint,
  most: number,
): Promise<LoggedEvent[]> {
  return db.workspaceEvent.findMany({
    where: { workspaceId, seq: { gt: seq } },
    orderBy: { seq: "asc" },
    take: most,
  });
}

/** Where a log ends. */
export interface LogHead extends Position {
  workspaceId: string;
}

/** The heads of several logs in one statement; a workspace that is gone has none. */
export function readHeads(db: Database, workspaceIds: readonly string[]): Promise<LogHead[]> {
  return db.$queryRaw<LogHead[]>`
    SELECT w."id" AS "workspaceId", w."eventEpoch"::text AS "epoch", w."eventSeq" AS "seq"
    FROM "Workspace" w WHERE w."id" = ANY(${[...workspaceIds]}::uuid[])`;
}

/** A piece of a log, and where the log ended when it was read. */
export interface LogPage extends Position {
  /** Oldest first. */
  events: LoggedEvent[];
}

/** Whether a page goes on at a place of the log of this epoch: the log has no holes, so that a missing number is one that is gone. */
export function isContinuation(
  { epoch, seq, events }: LogPage,
  ofEpoch: string,
  after: bigint,
): boolean {
  return epoch === ofEpoch && (events[0] ? events[0].seq === after + 1n : seq === after);
}

/** Runs a statement with values for `$1` and so on; answers its rows. */
export type RunStatement = (text: string, values: unknown[]) => Promise<unknown[]>;

/** The page's size stands in its text, so that a plan which is kept knows it. */
const selectPage = (most: number) => `
  SELECT w."eventEpoch"::text AS "epoch", w."eventSeq"::text AS "headSeq", w."id" AS "workspaceId",
    e."seq"::text AS "seq", e."id", e."type"::text AS "type", e."occurredAt", e."actorId", e."serverId", e."userId", e."payload"
  FROM "Workspace" w LEFT JOIN LATERAL (
    SELECT * FROM "WorkspaceEvent" e WHERE e."workspaceId" = w."id" AND e."seq" > $2::bigint
    ORDER BY e."seq" LIMIT ${Math.trunc(most)}
  ) e ON true WHERE w."id" = $1::uuid ORDER BY e."seq"`;

type PageRow = Omit<LoggedEvent, "id" | "seq"> & { epoch: string; headSeq: string } & (
    | { id: string; seq: string }
    | { id: null; seq: null }
  );

/** What came after `after`, and the head, of one moment; null when there is no such workspace. */
export async function readPage(
  run: RunStatement,
  workspaceId: string,
  after: bigint,
  most: number,
): Promise<LogPage | null> {
  const rows = (await run(selectPage(most), [workspaceId, String(after)])) as PageRow[];
  const [head] = rows;
  if (!head) return null;
  const events: LoggedEvent[] = [];
  for (const { epoch: _epoch, headSeq: _headSeq, id, seq, ...event } of rows)
    if (id !== null) events.push({ ...event, id, seq: BigInt(seq) });
  return { epoch: head.epoch, seq: BigInt(head.headSeq), events };
}

/**
 * Gives one workspace's log a new epoch, for its newest events have disappeared: their numbers will be given out again. Once, whoever
 * else finds it out too.
 */
export async function renewEpoch(db: Database, workspaceId: string, epoch: string): Promise<void> {
  await db.$executeRaw`
    UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid()
    WHERE "id" = ${workspaceId}::uuid AND "eventEpoch" = ${epoch}::uuid`;
}
