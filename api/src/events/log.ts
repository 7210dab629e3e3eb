import type { Database, Prisma, Transaction, WorkspaceEventType } from "@gatehouse/prisma";
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
 * Appends as the last statement of the transaction that makes the change: the counter's row lock is then short, and the order
 * of numbers is the order of commits, without holes.
 */
export async function appendEvent(tx: Transaction, event: NewEvent): Promise<void> {
  await tx.$executeRaw`
    WITH counter AS (
      UPDATE "Workspace" SET "eventSeq" = "eventSeq" + 1
      WHERE "id" = ${event.workspaceId}::uuid RETURNING "eventSeq"
    )
    INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "occurredAt", "actorId", "serverId", "userId", "payload")
    SELECT ${event.workspaceId}::uuid, "eventSeq", uuidv7(), ${event.type}::"WorkspaceEventType", clock_timestamp(),
      ${event.actorId}::uuid, ${event.serverId}::uuid, ${event.userId}::uuid, ${JSON.stringify(event.payload)}::jsonb
    FROM counter`;
}

/** The newest position; null when there is no such workspace. */
export async function readPosition(db: Database, workspaceId: string): Promise<Position | null> {
  const workspace = await db.workspace.findUnique({
    where: { id: workspaceId },
    select: { eventEpoch: true, eventSeq: true },
  });
  return workspace && { epoch: workspace.eventEpoch, seq: workspace.eventSeq };
}

/** The oldest position after which nothing is missing. */
export async function readOldestPosition(
  db: Database,
  workspaceId: string,
): Promise<Position | null> {
  const workspace = await db.workspace.findUnique({
    where: { id: workspaceId },
    select: { eventEpoch: true, eventSeq: true, events: { orderBy: { seq: "asc" }, take: 1 } },
  });
  if (!workspace) return null;
  const oldest = workspace.events[0]?.seq;
  return {
    epoch: workspace.eventEpoch,
    seq: oldest === undefined ? workspace.eventSeq : oldest - 1n,
  };
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
