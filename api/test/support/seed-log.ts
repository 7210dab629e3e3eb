import type { Database } from "@gatehouse/prisma";

/** A log as long as it is asked for, written at once: what appending each event would take hours for. */
export interface SeededLog {
  workspaceId: string;
  epoch: string;
  /** Its owner, about whose account every hundredth event is. */
  ownerId: string;
  /** One event in ten is about it. */
  busyServerId: string;
  /** The oldest and the middle event alone are about it. */
  rareServerId: string;
  length: bigint;
}

/** Rows in one statement: what its transaction keeps in memory and on disk is bounded. */
const batch = 1_000_000;

/** @param db whose statements may take long */
export async function seedLog(db: Database, length: number): Promise<SeededLog> {
  const { id: ownerId } = await db.user.create({
    data: { name: "Ada", email: "ada@example.com" },
  });
  const workspace = await db.workspace.create({
    data: {
      slug: "seeded",
      name: "Seeded",
      eventSeq: length,
      memberships: { create: { userId: ownerId, role: "OWNER" } },
    },
  });
  const { id: workspaceId, eventEpoch: epoch } = workspace;
  const [{ busyServerId, rareServerId }] = await db.$queryRaw<
    [{ busyServerId: string; rareServerId: string }]
  >`SELECT uuidv7() AS "busyServerId", uuidv7() AS "rareServerId"`;
  for (let from = 1; from <= length; from += batch) {
    const to = Math.min(from + batch - 1, length);
    await db.$executeRaw`
      INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "occurredAt", "serverId", "userId", "payload")
      SELECT ${workspaceId}::uuid, n, uuidv7(),
        (CASE WHEN n IN (1, ${length / 2}::bigint) THEN 'SERVER_DELETED' WHEN n % 10 = 0 THEN 'OAUTH_STATE_CHANGED' ELSE 'TOOL_EXECUTED' END)::"WorkspaceEventType",
        clock_timestamp() - interval '80 days' + n * interval '60 days' / ${length}::bigint,
        CASE WHEN n IN (1, ${length / 2}::bigint) THEN ${rareServerId}::uuid WHEN n % 10 = 0 THEN ${busyServerId}::uuid ELSE uuidv7() END,
        CASE WHEN n % 100 = 0 THEN ${ownerId}::uuid END,
        '{"previousState": "CONNECTED", "state": "REAUTH_REQUIRED", "reason": "GRANT_INVALID"}'
      FROM generate_series(${from}::bigint, ${to}::bigint) n`;
  }
  await db.$executeRaw`VACUUM ANALYZE "WorkspaceEvent"`;
  await db.$executeRaw`VACUUM ANALYZE "Workspace"`;
  return { workspaceId, epoch, ownerId, busyServerId, rareServerId, length: BigInt(length) };
}
