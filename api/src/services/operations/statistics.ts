import type { Database } from "@gatehouse/prisma";
import { type Access, type Caller, isAllowed, requireCaller } from "../access/access.ts";
import { InputFaults, notFound } from "../access/service-error.ts";

/**
 * Statistics of tool executions. Rates and durations are null if there are no executions to compute
 * them from.
 */
export interface RunStatistics {
  runs: number;
  /** FAILED, TIMED_OUT, REAUTH_REQUIRED and INTERRUPTED. */
  failed: number;
  /** The share of failures among the executions that ended and were not cancelled, from 0 to 1. */
  errorRate: number | null;
  /** For executions that SUCCEEDED, FAILED or TIMED_OUT, in milliseconds. */
  p50Ms: number | null;
  p95Ms: number | null;
}

/**
 * Statistics of token refreshes from the log. Refreshes without a response are retried and not
 * logged.
 */
export interface TokenStatistics {
  refreshed: number;
  /** Refreshes that ended a grant: GRANT_INVALID, CLIENT_INVALID, REFRESH_INTERRUPTED and REFRESH_REFUSED. */
  refused: number;
  /** Connected accounts that came to require a new sign-in, for any reason. */
  reauthRequired: number;
}

export interface StatisticsBucket extends RunStatistics, TokenStatistics {
  startsAt: Date;
}

export interface WorkspaceStatistics {
  workspaceId: string;
  from: Date;
  to: Date;
  bucketSeconds: number;
  total: RunStatistics;
  tokens: TokenStatistics;
  /** Sorted by the number of executions, highest first; null: servers that have been deleted. */
  servers: (RunStatistics & { serverId: string | null })[];
  /** Oldest first, without gaps. */
  buckets: StatisticsBucket[];
}

export interface Statistics {
  /**
   * Statistics of all executions for an admin, otherwise of the caller's own.
   * @param to exclusive
   * @throws ServiceError UNAUTHENTICATED, NOT_FOUND for callers who are not members, BAD_USER_INPUT
   */
  read(
    caller: Caller | null,
    workspaceId: string,
    from: Date,
    to: Date,
  ): Promise<WorkspaceStatistics>;
}

const dayMs = 86_400_000;
const longestMs = 90 * dayMs;
const mostBuckets = 60;
const bucketSizes = [60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800];

/**
 * Returns the smallest of a list of round sizes that divides a range into at most sixty buckets.
 */
function chooseBucketSeconds(rangeMs: number): number {
  const fits = (seconds: number) => rangeMs / (seconds * 1_000) <= mostBuckets;
  return bucketSizes.find(fits) ?? 172_800;
}

export function createStatistics({ db, access }: { db: Database; access: Access }): Statistics {
  return {
    async read(maybeCaller, workspaceId, from, to) {
      checkRange(from, to);
      const caller = requireCaller(maybeCaller);
      const role = await access.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      const userId = isAllowed(role, "administer") ? null : caller.userId;
      const bucketSeconds = chooseBucketSeconds(to.getTime() - from.getTime());
      const range = { workspaceId, userId, from, to, bucketSeconds };
      const [runs, tokens] = await Promise.all([readRuns(db, range), readTokens(db, range)]);
      const runsIn = new Map(
        runs.filter(({ kind }) => kind === "bucket").map((row) => [row.bucket, row]),
      );
      const tokensIn = new Map(tokens.map(({ bucket, ...counts }) => [bucket, counts]));
      const count = Math.ceil((to.getTime() - from.getTime()) / (bucketSeconds * 1_000));
      const buckets = Array.from({ length: count }, (_, bucket) => ({
        startsAt: new Date(from.getTime() + bucket * bucketSeconds * 1_000),
        ...toRunStatistics(runsIn.get(bucket)),
        ...(tokensIn.get(bucket) ?? noTokens),
      }));
      return {
        workspaceId,
        from,
        to,
        bucketSeconds,
        total: toRunStatistics(runs.find(({ kind }) => kind === "total")),
        tokens: [...tokensIn.values()].reduce(add, noTokens),
        servers: runs
          .filter(({ kind }) => kind === "server")
          .map((row) => ({ serverId: row.serverId, ...toRunStatistics(row) }))
          .toSorted((one, other) => other.runs - one.runs),
        buckets,
      };
    },
  };
}

function checkRange(from: Date, to: Date): void {
  const faults = new InputFaults();
  const rangeMs = to.getTime() - from.getTime();
  if (rangeMs <= 0) faults.add("to", "Specify a time after `from`.");
  if (rangeMs > longestMs) faults.add("from", "Specify a range of at most 90 days.");
  faults.throwIfAny();
}

interface Range {
  workspaceId: string;
  /** Null: all users. */
  userId: string | null;
  from: Date;
  to: Date;
  bucketSeconds: number;
}

interface RunRow {
  kind: "total" | "server" | "bucket";
  serverId: string | null;
  bucket: number | null;
  runs: number;
  failed: number;
  ended: number;
  percentiles: number[] | null;
}

/** Computes all sums in one pass over the range, which is selected by an index. */
function readRuns(db: Database, range: Range): Promise<RunRow[]> {
  const { workspaceId, userId, from, to, bucketSeconds } = range;
  return db.$queryRaw<RunRow[]>`
    SELECT CASE WHEN GROUPING(r."bucket") = 0 THEN 'bucket' WHEN GROUPING(r."serverId") = 0 THEN 'server' ELSE 'total' END AS "kind",
      r."serverId", r."bucket", count(*)::int AS "runs",
      count(*) FILTER (WHERE r."status" IN ('FAILED', 'TIMED_OUT', 'REAUTH_REQUIRED', 'INTERRUPTED'))::int AS "failed",
      count(*) FILTER (WHERE r."status" NOT IN ('RUNNING', 'WAITING_FOR_INPUT', 'CANCELLED'))::int AS "ended",
      percentile_cont(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY r."ms")
        FILTER (WHERE r."status" IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT')) AS "percentiles"
    FROM (
      SELECT e."serverId", e."status", floor(extract(epoch FROM e."startedAt" - ${from}::timestamptz) / ${bucketSeconds}::int)::int AS "bucket",
        (extract(epoch FROM e."finishedAt" - e."startedAt") * 1000)::float8 AS "ms"
      FROM "ToolExecution" e
      WHERE e."workspaceId" = ${workspaceId}::uuid AND e."startedAt" >= ${from}::timestamptz AND e."startedAt" < ${to}::timestamptz
        AND (${userId}::uuid IS NULL OR e."startedById" = ${userId}::uuid)
    ) r GROUP BY GROUPING SETS ((), (r."serverId"), (r."bucket"))`;
}

type TokenRow = TokenStatistics & { bucket: number };

/**
 * Each of the two types has its own partial index, which is only used if the statement contains the
 * literal type.
 */
function readTokens(db: Database, range: Range): Promise<TokenRow[]> {
  const { workspaceId, userId, from, to, bucketSeconds } = range;
  return db.$queryRaw<TokenRow[]>`
    SELECT floor(extract(epoch FROM t."occurredAt" - ${from}::timestamptz) / ${bucketSeconds}::int)::int AS "bucket",
      count(*) FILTER (WHERE t."type" = 'TOKEN_REFRESHED')::int AS "refreshed",
      count(*) FILTER (WHERE t."type" = 'REAUTH_REQUIRED'
        AND t."payload"->>'reason' IN ('GRANT_INVALID', 'CLIENT_INVALID', 'REFRESH_INTERRUPTED', 'REFRESH_REFUSED'))::int AS "refused",
      count(*) FILTER (WHERE t."type" = 'REAUTH_REQUIRED')::int AS "reauthRequired"
    FROM (
      SELECT * FROM "WorkspaceEvent" e WHERE e."type" = 'TOKEN_REFRESHED'::"WorkspaceEventType"
        AND e."workspaceId" = ${workspaceId}::uuid AND e."occurredAt" >= ${from}::timestamptz AND e."occurredAt" < ${to}::timestamptz
      UNION ALL
      SELECT * FROM "WorkspaceEvent" e WHERE e."type" = 'REAUTH_REQUIRED'::"WorkspaceEventType"
        AND e."workspaceId" = ${workspaceId}::uuid AND e."occurredAt" >= ${from}::timestamptz AND e."occurredAt" < ${to}::timestamptz
    ) t WHERE ${userId}::uuid IS NULL OR t."userId" IS NULL OR t."userId" = ${userId}::uuid
    GROUP BY 1`;
}

const noTokens: TokenStatistics = { refreshed: 0, refused: 0, reauthRequired: 0 };

function add(one: TokenStatistics, other: TokenStatistics): TokenStatistics {
  return {
    refreshed: one.refreshed + other.refreshed,
    refused: one.refused + other.refused,
    reauthRequired: one.reauthRequired + other.reauthRequired,
  };
}

function toRunStatistics(row: RunRow | undefined): RunStatistics {
  if (!row) return { runs: 0, failed: 0, errorRate: null, p50Ms: null, p95Ms: null };
  const { runs, failed, ended, percentiles } = row;
  const [p50Ms = null, p95Ms = null] = percentiles ?? [];
  return { runs, failed, errorRate: ended === 0 ? null : failed / ended, p50Ms, p95Ms };
}
