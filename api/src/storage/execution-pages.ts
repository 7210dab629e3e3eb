import { type Database, Prisma, type ToolExecutionStatus } from "@gatehouse/prisma";

/** Filters for the tool executions of a workspace. All of the given filters must match. */
export interface ExecutionQuery {
  workspaceId: string;
  /** Only executions that this user started. */
  startedById: string | null;
  serverId: string | null;
  status: readonly ToolExecutionStatus[] | null;
  toolName: string | null;
}

export interface ExecutionIdPage {
  /** Newest first. Contains one more id than the page size if there are more results. */
  ids: string[];
  /**
   * Where the scan stopped before it had found enough results; null if it reached the end or found
   * enough.
   */
  stoppedAtId: string | null;
}

/**
 * Scans one index, newest first, starting at a position, and reads at most `scanLimit` executions.
 * The cost of a page is therefore bounded, no matter how many executions there are and how few of
 * them match.
 * @param beforeId exclusive; null to start with the newest
 */
export async function readExecutionIds(
  db: Database,
  query: ExecutionQuery,
  page: { beforeId: string | null; most: number; scanLimit: number },
): Promise<ExecutionIdPage> {
  const { index, filters } = split(query);
  const columns = Prisma.raw(index.map(({ column }) => `"${column}"`).join(", "));
  const values = Prisma.join(index.map(({ value }) => Prisma.sql`${value}::uuid`));
  const order = Prisma.raw(index.map(({ column }) => `"${column}" DESC`).join(", "));
  // A range of the index instead of an equality condition: otherwise the planner may use the
  // primary key, which has the same order but contains the executions of all workspaces.
  const source = Prisma.sql`SELECT "id", "status", "toolName", "serverId", "workspaceId", "startedById" FROM "ToolExecution"
    WHERE (${columns}) >= (${values}) AND (${columns}, "id") < (${values}, ${page.beforeId ?? lastId}::uuid)
    ORDER BY ${order}, "id" DESC`;
  const matches = filters.length > 0 ? Prisma.join(filters, " AND ") : Prisma.sql`true`;
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT s."id" FROM (${source} LIMIT ${page.scanLimit}) s WHERE ${matches} ORDER BY ${order}, "id" DESC LIMIT ${page.most}`;
  const ids = rows.map(({ id }) => id);
  if (ids.length === page.most || filters.length === 0) return { ids, stoppedAtId: null };
  const [last] = await db.$queryRaw<{ id: string }[]>`
    SELECT s."id" FROM (${source} OFFSET ${page.scanLimit - 1} LIMIT 1) s`;
  return { ids, stoppedAtId: last?.id ?? null };
}

/** The largest UUID, which no execution has. */
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/**
 * Splits a query into the conditions that select a range of an index in the order of ids, and those
 * that are checked for each row.
 */
function split({ workspaceId, startedById, serverId, status, toolName }: ExecutionQuery) {
  const filters: Prisma.Sql[] = [];
  if (status) filters.push(Prisma.sql`s."status"::text = ANY(${[...status]}::text[])`);
  if (toolName !== null) filters.push(Prisma.sql`s."toolName" = ${toolName}`);
  const ofWorkspace = { column: "workspaceId", value: workspaceId };
  if (startedById !== null) {
    if (serverId !== null) filters.push(Prisma.sql`s."serverId" = ${serverId}::uuid`);
    return { index: [ofWorkspace, { column: "startedById", value: startedById }], filters };
  }
  if (serverId === null) return { index: [ofWorkspace], filters };
  filters.push(Prisma.sql`s."workspaceId" = ${workspaceId}::uuid`);
  return { index: [{ column: "serverId", value: serverId }], filters };
}
