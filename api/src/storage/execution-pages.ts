import { type Database, Prisma, type ToolExecutionStatus } from "@gatehouse/prisma";

/** Which runs of a workspace; all that is given must hold. */
export interface ExecutionQuery {
  workspaceId: string;
  /** Theirs alone. */
  startedById: string | null;
  serverId: string | null;
  status: readonly ToolExecutionStatus[] | null;
  toolName: string | null;
}

export interface ExecutionIdPage {
  /** Newest first; one more than a page when there is more of it. */
  ids: string[];
  /** Where the search stopped although it had not found enough; null: it came to the end, or found enough. */
  stoppedAtId: string | null;
}

/**
 * Goes through one index from a place on, newest first, and looks at `scanLimit` runs at most, so that a page costs the same however
 * many there are and however rare is what is asked for.
 * @param beforeId exclusive; null: from the newest
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
  // A span of the index instead of equality: the primary key has the same order, and what it leads to may be everybody else's.
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

/** No run has it. */
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** What an index leads to directly, in the order of ids, and what is looked at on the way. */
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
