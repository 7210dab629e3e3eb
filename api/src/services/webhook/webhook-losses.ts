/**
 * Deliveries that are given up. Each leaves a row with its reason among the endpoint's deliveries.
 */
import type { Database, Transaction, WorkspaceEventType } from "@gatehouse/prisma";

export const lossReasons = {
  retention: "The event passed its retention before it could be delivered.",
  disabled: "The event passed its retention while the endpoint was disabled.",
  type: "The endpoint no longer receives events of this type.",
  parkedRetention: "The event passed its retention before it could be retried.",
  parkedDisabled: "The endpoint was disabled for as long as the event could be retried.",
} as const;

/** The number of rows that one change of an endpoint's types writes. */
const mostRows = 1_000;

/** Ends a delivery that will not be attempted again. */
export async function giveUp(
  db: Database,
  endpointId: string,
  eventId: string,
  reason: string,
): Promise<void> {
  await db.webhookDelivery.updateMany({
    where: { endpointId, eventId, state: { in: ["RETRYING", "PARKED"] } },
    data: { state: "GIVEN_UP", nextAttemptAt: null, error: reason },
  });
}

/**
 * Ends the retries of an event that was deleted from the log. Only the next event of an endpoint
 * can be in that state.
 */
export async function giveUpRetrying(db: Database, endpointId: string): Promise<void> {
  await db.webhookDelivery.updateMany({
    where: { endpointId, state: "RETRYING" },
    data: { state: "GIVEN_UP", nextAttemptAt: null, error: lossReasons.retention },
  });
}

/**
 * Gives up the events that wait for an endpoint and are of types that it no longer receives: one row for each of the newest thousand,
 * the oldest of which states how many more there were. The endpoint's row must be locked, and still have its old types.
 */
export async function giveUpTypes(
  tx: Transaction,
  endpointId: string,
  types: readonly WorkspaceEventType[],
): Promise<void> {
  if (types.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO "WebhookDelivery" AS d ("id", "endpointId", "eventId", "type", "state", "attempts", "error", "occurredAt")
    SELECT uuidv7(), ${endpointId}::uuid, v."id", v."type", 'GIVEN_UP', 0,
      ${lossReasons.type}::text || CASE WHEN v."place" = ${mostRows} AND v."total" > ${mostRows}
        THEN ' This also applies to ' || (v."total" - ${mostRows}) || ' earlier events.' ELSE '' END, v."occurredAt"
    FROM (
      SELECT v.*, row_number() OVER (ORDER BY v."seq" DESC) AS "place", count(*) OVER () AS "total"
      FROM "WebhookEndpoint" e JOIN "WorkspaceEvent" v ON v."workspaceId" = e."workspaceId" AND v."seq" > e."afterSeq"
      WHERE e."id" = ${endpointId}::uuid AND (coalesce(cardinality(e."types"), 0) = 0 OR v."type" = ANY(e."types"))
        AND v."type" <> ALL(${[...types]}::"WorkspaceEventType"[])
    ) v
    WHERE v."place" <= ${mostRows} ORDER BY v."seq"
    ON CONFLICT ("endpointId", "eventId") DO UPDATE SET "state" = 'GIVEN_UP', "error" = excluded."error", "nextAttemptAt" = NULL
      WHERE d."state" IN ('RETRYING', 'PARKED')`;
}
