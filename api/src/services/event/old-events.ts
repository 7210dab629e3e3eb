import { NIL } from "uuid";
import type { Database } from "@gatehouse/prisma";
import { lossReasons } from "../webhook/webhook-losses.ts";

/**
 * The number of events of each workspace that one statement deletes, so that no statement takes
 * long.
 */
const eventBatch = 5_000;
/** The number of workspaces that one statement handles. */
const workspaceBatch = 500;

/**
 * Deletes events by number, from the oldest up to the first one that is kept. A clock that was set
 * back therefore leaves no gap in the log. The same statement records each deleted event that was
 * still to be delivered to a webhook endpoint as given up.
 */
export async function deleteOldEvents(db: Database, retentionDays: number): Promise<void> {
  for (let after: string | null = NIL; after !== null;)
    after = await deleteOfWorkspaces(db, retentionDays, after);
}

/** @returns the id of the last workspace that was handled; null if there are no more */
async function deleteOfWorkspaces(
  db: Database,
  retentionDays: number,
  after: string,
): Promise<string | null> {
  for (;;) {
    const [row] = await db.$queryRaw<[{ deleted: number; last: string | null }]>`
      WITH part AS MATERIALIZED (
        SELECT w."id" FROM "Workspace" w WHERE w."id" > ${after}::uuid ORDER BY w."id" LIMIT ${workspaceBatch}::int
      ), deleted AS (
        DELETE FROM "WorkspaceEvent" WHERE ctid = ANY (ARRAY (
          SELECT o.ctid FROM (SELECT now() - make_interval(days => ${retentionDays}::int) AS "end") retention
          CROSS JOIN part w
          CROSS JOIN LATERAL (
            SELECT e."occurredAt" FROM "WorkspaceEvent" e WHERE e."workspaceId" = w."id" ORDER BY e."seq" LIMIT 1
          ) oldest
          CROSS JOIN LATERAL (
            SELECT e.ctid, bool_and(e."occurredAt" < retention."end") OVER (ORDER BY e."seq") AS "isOld" FROM (
              SELECT e.ctid, e."seq", e."occurredAt" FROM "WorkspaceEvent" e
              WHERE e."workspaceId" = w."id" ORDER BY e."seq" LIMIT ${eventBatch}::int
            ) e
          ) o
          WHERE oldest."occurredAt" < retention."end" AND o."isOld"))
        RETURNING "workspaceId", "seq", "id", "type", "occurredAt"
      ), lost AS (
        INSERT INTO "WebhookDelivery" AS d ("id", "endpointId", "eventId", "type", "state", "attempts", "error", "occurredAt")
        SELECT uuidv7(), e."id", v."id", v."type", 'GIVEN_UP', 0,
          CASE WHEN e."disabledAt" IS NULL THEN ${lossReasons.retention}::text ELSE ${lossReasons.disabled}::text END, v."occurredAt"
        FROM deleted v JOIN "WebhookEndpoint" e ON e."workspaceId" = v."workspaceId"
        WHERE (v."seq" > e."afterSeq" AND (coalesce(cardinality(e."types"), 0) = 0 OR v."type" = ANY(e."types")))
          OR EXISTS (SELECT 1 FROM "WebhookDelivery" u
            WHERE u."endpointId" = e."id" AND u."eventId" = v."id" AND u."state" IN ('RETRYING', 'PARKED'))
        ORDER BY v."seq"
        ON CONFLICT ("endpointId", "eventId") DO UPDATE SET "state" = 'GIVEN_UP', "error" = excluded."error", "nextAttemptAt" = NULL
          WHERE d."state" IN ('RETRYING', 'PARKED')
      )
      SELECT (SELECT count(*) FROM deleted)::int AS "deleted",
        CASE WHEN (SELECT count(*) FROM part) = ${workspaceBatch} THEN (SELECT "id" FROM part ORDER BY "id" DESC LIMIT 1) END AS "last"`;
    if (row.deleted === 0) return row.last;
  }
}
