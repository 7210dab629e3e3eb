import type { Database } from "@gatehouse/prisma";

/** A delivery that has failed for a day and whose next attempt is due. */
export interface ParkedDelivery {
  endpointId: string;
  workspaceId: string;
  eventId: string;
  url: string;
  isDisabled: boolean;
  /** Whether the endpoint receives events of this type. */
  isWanted: boolean;
  /** The time since the event occurred, in milliseconds. */
  ageMs: number;
}

/** The number of due rows that one statement reads. */
const searched = 500;

export interface ParkedSearch {
  most: number;
  claimMs: number;
  /** Endpoints for which this process is already retrying a delivery. */
  except: readonly string[];
}

/**
 * Claims parked deliveries that are due, one for each endpoint. No other process claims them for
 * `claimMs`.
 */
export function takeParked(
  db: Database,
  { most, claimMs, except }: ParkedSearch,
): Promise<ParkedDelivery[]> {
  return db.$queryRaw`
    UPDATE "WebhookDelivery" o SET "nextAttemptAt" = clock_timestamp() + make_interval(secs => ${claimMs / 1000}::float8)
    FROM (
      SELECT DISTINCT ON (d."endpointId") d."id", d."endpointId" FROM (
        SELECT p."id", p."endpointId", p."nextAttemptAt" FROM "WebhookDelivery" p
        WHERE p."state" = 'PARKED' AND p."nextAttemptAt" <= now() AND p."endpointId" <> ALL(${[...except]}::uuid[])
        ORDER BY p."nextAttemptAt" LIMIT ${searched}
      ) d
      ORDER BY d."endpointId", d."nextAttemptAt" LIMIT ${most}
    ) due JOIN "WebhookEndpoint" e ON e."id" = due."endpointId"
    WHERE o."id" = due."id" AND o."state" = 'PARKED' AND o."nextAttemptAt" <= now()
    RETURNING o."endpointId", e."workspaceId", o."eventId", e."url", e."disabledAt" IS NOT NULL AS "isDisabled",
      coalesce(cardinality(e."types"), 0) = 0 OR o."type" = ANY(e."types") AS "isWanted",
      (extract(epoch FROM clock_timestamp() - o."occurredAt") * 1000)::float8 AS "ageMs"`;
}
