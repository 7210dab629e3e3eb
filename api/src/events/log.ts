import {
  type Database,
  Prisma,
  type Transaction,
  type WorkspaceEventType,
} from "@gatehouse/prisma";
import { isRewritten, markOf, type Position } from "./cursor.ts";

/**
 * An event to append. It contains ids and enumerations only, never a URL with a query, a state or a
 * secret.
 */
export interface NewEvent {
  workspaceId: string;
  type: WorkspaceEventType;
  /** The user who caused it; null if no user did. */
  actorId: string | null;
  serverId: string | null;
  /**
   * The user whose personal account is concerned; null for the workspace's shared account, or for
   * none.
   */
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
 * The end of a statement that makes a change and appends its event: `WITH ..., event AS (SELECT
 * ...)` comes before it, with zero or one row that has the columns of `NewEvent`. Returns the
 * workspace's id if there is a row.
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
 * Appends an event as the last statement of the transaction that makes the change. The row lock of
 * the counter is then short, and the numbers have the order of the commits, without gaps.
 */
export async function appendEvent(tx: Transaction, event: NewEvent): Promise<void> {
  await tx.$executeRaw`
    WITH event AS (
      SELECT ${event.workspaceId}::uuid AS "workspaceId", ${event.type}::text AS "type", ${event.actorId}::uuid AS "actorId",
        ${event.serverId}::uuid AS "serverId", ${event.userId}::uuid AS "userId", ${JSON.stringify(event.payload)}::text AS "payload"
    )${appendingEvent}`;
}

/**
 * Appends any number of events as the last statement of a transaction, in the given order for each
 * workspace. Counters are locked in a fixed order, so that two transactions that append to several
 * workspaces cannot deadlock.
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

/** The end of a log, and the position after which it is complete. */
export interface LogExtent extends Position {
  oldestSeq: bigint;
  /** The marks of the events at the requested positions, by number. */
  marks: ReadonlyMap<bigint, string>;
}

/**
 * Reads the extent of a log and the marks at certain positions; null if the workspace does not
 * exist.
 * @param places the numbers of cursors, to verify that they belong to this log
 */
export async function readExtent(
  db: Database,
  workspaceId: string,
  places: readonly bigint[],
): Promise<LogExtent | null> {
  const [extent] = await db.$queryRaw<
    (Omit<LogExtent, "mark" | "marks"> & { ids: Record<string, string> | null })[]
  >`
    SELECT w."eventEpoch"::text AS "epoch", w."eventSeq" AS "seq", coalesce(
      (SELECT e."seq" - 1 FROM "WorkspaceEvent" e WHERE e."workspaceId" = w."id" ORDER BY e."seq" LIMIT 1), w."eventSeq"
    ) AS "oldestSeq", (
      SELECT json_object_agg(e."seq", e."id") FROM "WorkspaceEvent" e
      WHERE e."workspaceId" = w."id" AND e."seq" = ANY(array_append(${[...places]}::bigint[], w."eventSeq"))
    ) AS "ids" FROM "Workspace" w WHERE w."id" = ${workspaceId}::uuid`;
  if (!extent) return null;
  const { ids, ...log } = extent;
  const marks = new Map(Object.entries(ids ?? {}).map(([seq, id]) => [BigInt(seq), markOf(id)]));
  return { ...log, marks, mark: marks.get(log.seq) ?? "" };
}

/** The number of an event in the log of a workspace. */
export interface Place {
  workspaceId: string;
  seq: bigint;
}

/**
 * The marks of the events at several positions, in their order and in one statement; empty if there
 * is no event.
 */
export async function readMarks(db: Database, places: readonly Place[]): Promise<string[]> {
  const rows = await db.$queryRaw<(Place & { id: string })[]>`
    SELECT e."workspaceId", e."seq", e."id" FROM "WorkspaceEvent" e JOIN unnest(
      ${places.map(({ workspaceId }) => workspaceId)}::uuid[], ${places.map(({ seq }) => seq)}::bigint[]
    ) AS place("workspaceId", "seq") ON e."workspaceId" = place."workspaceId" AND e."seq" = place."seq"`;
  const nameOf = ({ workspaceId, seq }: Place) => `${workspaceId}:${seq}`;
  const marks = new Map(rows.map((row) => [nameOf(row), markOf(row.id)]));
  return places.map((place) => marks.get(nameOf(place)) ?? "");
}

/** The events after `seq`, oldest first. */
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

/** The end of a log. */
export interface LogHead extends Position {
  workspaceId: string;
}

/** The ends of several logs, in one statement. Deleted workspaces are left out. */
export async function readHeads(db: Database, workspaceIds: readonly string[]): Promise<LogHead[]> {
  const rows = await db.$queryRaw<(Omit<LogHead, "mark"> & { id: string | null })[]>`
    SELECT w."id" AS "workspaceId", w."eventEpoch"::text AS "epoch", w."eventSeq" AS "seq", e."id"
    FROM "Workspace" w LEFT JOIN "WorkspaceEvent" e ON e."workspaceId" = w."id" AND e."seq" = w."eventSeq"
    WHERE w."id" = ANY(${[...workspaceIds]}::uuid[])`;
  return rows.map(({ id, ...head }) => ({ ...head, mark: id === null ? "" : markOf(id) }));
}

/** A page of a log, and the end of the log when the page was read. */
export interface LogPage extends Omit<Position, "mark"> {
  /** Oldest first. */
  events: LoggedEvent[];
  /** The mark of the event before the page; empty if there is none. */
  markBefore: string;
}

/**
 * Whether a page continues a log at a position. The log has no gaps, so a missing number is a
 * deleted event, and the event at the position must still be the same.
 */
export function isContinuation(
  { epoch, seq, events, markBefore }: LogPage,
  place: Position,
): boolean {
  if (epoch !== place.epoch || isRewritten(place.mark, markBefore)) return false;
  return events[0] ? events[0].seq === place.seq + 1n : seq === place.seq;
}

/** Runs a statement with values for `$1` and so on, and returns its rows. */
export type RunStatement = (text: string, values: unknown[]) => Promise<unknown[]>;

/** The page size is part of the text, so that a cached plan takes it into account. */
const selectPage = (most: number) => `
  SELECT w."eventEpoch"::text AS "epoch", w."eventSeq"::text AS "headSeq", w."id" AS "workspaceId",
    (SELECT b."id" FROM "WorkspaceEvent" b WHERE b."workspaceId" = w."id" AND b."seq" = $2::bigint) AS "idBefore",
    e."seq"::text AS "seq", e."id", e."type"::text AS "type", e."occurredAt", e."actorId", e."serverId", e."userId", e."payload"
  FROM "Workspace" w LEFT JOIN LATERAL (
    SELECT * FROM "WorkspaceEvent" e WHERE e."workspaceId" = w."id" AND e."seq" > $2::bigint
    ORDER BY e."seq" LIMIT ${Math.trunc(most)}
  ) e ON true WHERE w."id" = $1::uuid ORDER BY e."seq"`;

type PageRow = Omit<LoggedEvent, "id" | "seq"> & {
  epoch: string;
  headSeq: string;
  idBefore: string | null;
} & ({ id: string; seq: string } | { id: null; seq: null });

/**
 * The events after `after` and the end of the log, in one snapshot; null if the workspace does not
 * exist.
 */
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
  for (const { epoch: _epoch, headSeq: _headSeq, idBefore: _id, id, seq, ...event } of rows)
    if (id !== null) events.push({ ...event, id, seq: BigInt(seq) });
  const markBefore = head.idBefore === null ? "" : markOf(head.idBefore);
  return { epoch: head.epoch, seq: BigInt(head.headSeq), events, markBefore };
}

/**
 * Gives a workspace's log a new epoch because its newest events have disappeared: their numbers
 * will be assigned again. Happens once, even if several processes detect it.
 */
export async function renewEpoch(db: Database, workspaceId: string, epoch: string): Promise<void> {
  await db.$executeRaw`
    UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid()
    WHERE "id" = ${workspaceId}::uuid AND "eventEpoch" = ${epoch}::uuid`;
}
