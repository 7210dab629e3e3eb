/** Finds the endpoints that have something to deliver. Every condition is one that an index answers, whatever the number of rows. */
import { type Database, Prisma } from "@gatehouse/prisma";
import { NIL } from "uuid";

export interface DueRow {
  id: string;
  workspaceId: string;
  /** Its last attempt failed. */
  isFailing: boolean;
}

/** Rows of one search: no statement reads more, however many endpoints there are. */
const most = 500;
/** Endpoints that one sweep reads. */
const sweepSize = 1_000;

/** No process delivers to `e`, and nothing postpones it. */
export const isFree = Prisma.sql`e."disabledAt" IS NULL AND (e."leaseUntil" IS NULL OR e."leaseUntil" <= now())
  AND (e."nextAttemptAt" IS NULL OR e."nextAttemptAt" <= now())`;
/** A subquery instead of a join, so that each row costs one look-up and never a scan of all workspaces. */
const hasEvents = Prisma.sql`(SELECT w."eventSeq" FROM "Workspace" w WHERE w."id" = e."workspaceId") > e."afterSeq"`;
const columns = Prisma.sql`e."id", e."workspaceId", e."failingSince" IS NOT NULL AS "isFailing"`;

export interface DueEndpoints {
  /** Endpoints of workspaces whose log has grown. */
  findDueOf(workspaceIds: readonly string[]): Promise<DueRow[]>;
  /** Endpoints whose retry is due. */
  findRetries(): Promise<DueRow[]>;
  /** Endpoints whose process has ended without releasing them. */
  findLapsed(): Promise<DueRow[]>;
  /**
   * Looks through the endpoints that come after an id, for those whose notification was lost.
   *
   * @returns `last` is where the next sweep continues; null at the end
   */
  sweepDue(after: string | null): Promise<{ due: DueRow[]; last: string | null }>;
}

export function createDueEndpoints(db: Database): DueEndpoints {
  return {
    findDueOf: (workspaceIds) => findDueOf(db, workspaceIds),
    findRetries: () => findRetries(db),
    findLapsed: () => findLapsed(db),
    sweepDue: (after) => sweepDue(db, after),
  };
}

function findDueOf(db: Database, workspaceIds: readonly string[]): Promise<DueRow[]> {
  return db.$queryRaw`
    SELECT ${columns} FROM "WebhookEndpoint" e
    WHERE e."workspaceId" = ANY(${[...workspaceIds]}::uuid[]) AND ${isFree} AND ${hasEvents}`;
}

function findRetries(db: Database): Promise<DueRow[]> {
  return db.$queryRaw`
    SELECT ${columns} FROM "WebhookEndpoint" e
    WHERE e."nextAttemptAt" <= now() AND ${isFree} AND ${hasEvents}
    ORDER BY e."nextAttemptAt" LIMIT ${most}`;
}

function findLapsed(db: Database): Promise<DueRow[]> {
  return db.$queryRaw`
    SELECT ${columns} FROM "WebhookEndpoint" e
    WHERE e."leaseUntil" <= now() AND ${isFree} AND ${hasEvents}
    ORDER BY e."leaseUntil" LIMIT ${most}`;
}

async function sweepDue(
  db: Database,
  after: string | null,
): Promise<{ due: DueRow[]; last: string | null }> {
  const rows = await db.$queryRaw<(DueRow & { isDue: boolean; last: string; size: number })[]>`
    WITH part AS MATERIALIZED (
      SELECT e."id", e."workspaceId", e."failingSince" IS NOT NULL AS "isFailing", ${isFree} AND ${hasEvents} AS "isDue"
      FROM "WebhookEndpoint" e WHERE e."id" > ${after ?? NIL}::uuid
      ORDER BY e."id" LIMIT ${sweepSize}
    ), whole AS (
      SELECT (SELECT "id" FROM part ORDER BY "id" DESC LIMIT 1) AS "last", (SELECT count(*) FROM part)::int AS "size"
    )
    SELECT whole.*, part.* FROM whole LEFT JOIN part ON part."isDue"`;
  const [whole] = rows;
  return {
    due: rows.filter(({ isDue }) => isDue),
    last: whole && whole.size === sweepSize ? whole.last : null,
  };
}
