import { randomUUID } from "node:crypto";
import type {
  Database,
  Transaction,
  WebhookDelivery,
  WebhookEndpoint,
  WorkspaceEventType,
} from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { type ParkedSearch, takeParked, type ParkedDelivery } from "./parked-deliveries.ts";
import { createDueEndpoints, type DueEndpoints, isFree } from "./webhook-due.ts";

/** An endpoint that this process delivers to, until the lease runs out. */
export interface WebhookTarget {
  id: string;
  workspaceId: string;
  url: string;
  /** Empty: every type. */
  types: WorkspaceEventType[];
  afterSeq: bigint;
  /** Of the event that is next. */
  failures: number;
  leaseId: string;
}

/** What came of one attempt. */
export interface WebhookAttempt {
  ok: boolean;
  httpStatus: number | null;
  /** Few words; null when it went well. */
  error: string | null;
  durationMs: number;
}

interface DeliveredEvent {
  id: string;
  type: WorkspaceEventType | null;
  occurredAt: Date;
}

/** Endpoints and deliveries. All times are the database's. */
export interface WebhookStore extends DueEndpoints {
  create(
    tx: Transaction,
    input: {
      workspaceId: string;
      url: string;
      types: WorkspaceEventType[];
      secret: string;
    },
  ): Promise<WebhookEndpoint>;
  /** Delivers nothing that has been appended so far; in the transaction that created the endpoint. */
  beginAtHead(tx: Transaction, endpointId: string): Promise<void>;
  /** The one before goes on signing for `overlapMs`. */
  rotateSecret(
    tx: Transaction,
    endpointId: string,
    secret: string,
    overlapMs: number,
  ): Promise<void>;
  /** The secrets that sign now, the present one first. */
  readSecrets(endpointId: string): Promise<string[]>;
  /** Takes those of the endpoints that are still due, in the given order. */
  take(ids: readonly string[], leaseMs: number): Promise<WebhookTarget[]>;
  /** Extends the lease. False: another process has taken over, or the endpoint is disabled. */
  keep(target: WebhookTarget, leaseMs: number): Promise<boolean>;
  /** Extends the leases of endpoints that wait for a receiver. */
  keepAll(targets: readonly WebhookTarget[], leaseMs: number): Promise<void>;
  /** Everything up to `seq` is done with. False when the lease is lost. */
  advance(target: WebhookTarget, seq: bigint): Promise<boolean>;
  /** The log ends with events that were deleted: everything in it is done with. */
  skipToHead(target: WebhookTarget): Promise<void>;
  /** The next event failed: nothing is sent before `retryInMs`. */
  postpone(target: WebhookTarget, retryInMs: number): Promise<void>;
  /** The receiver is gone (410). */
  disable(endpointId: string): Promise<void>;
  release(target: WebhookTarget): Promise<void>;
  /** Records an attempt of the schedule. An event that was delivered stays delivered. */
  record(
    endpointId: string,
    event: DeliveredEvent,
    attempt: WebhookAttempt,
    state: WebhookDelivery["state"],
    /** Of one that is parked. */
    retryInMs: number | null,
  ): Promise<WebhookDelivery>;
  /** Records an attempt that a user asked for: only a success changes the delivery's state and schedule. */
  recordResend(deliveryId: string, attempt: WebhookAttempt): Promise<WebhookDelivery>;
  isDelivered(endpointId: string, eventId: string): Promise<boolean>;
  takeParked(search: ParkedSearch): Promise<ParkedDelivery[]>;
  postponeParked(endpointId: string, eventId: string, retryInMs: number): Promise<void>;
}

export function createWebhookStore(deps: {
  db: Database;
  box: SealedBox;
  newId(): string;
}): WebhookStore {
  const { db, box } = deps;
  const context = (column: string, rowId: string) => ({ table: "WebhookEndpoint", column, rowId });

  const openSecrets = (row: {
    id: string;
    secret: Uint8Array;
    previousSecret: Uint8Array | null;
  }): string[] => [
    box.open(row.secret, context("secret", row.id)),
    ...(row.previousSecret
      ? [box.open(row.previousSecret, context("previousSecret", row.id))]
      : []),
  ];

  return {
    ...createDueEndpoints(db),
    takeParked: (search) => takeParked(db, search),

    async create(tx, { secret, ...endpoint }) {
      const id = deps.newId();
      await tx.$executeRaw`
        INSERT INTO "WebhookEndpoint" ("id", "workspaceId", "url", "types", "secret", "afterSeq")
        SELECT ${id}::uuid, "id", ${endpoint.url}, ${endpoint.types}::"WorkspaceEventType"[],
          ${box.seal(secret, context("secret", id))}, "eventSeq"
        FROM "Workspace" WHERE "id" = ${endpoint.workspaceId}::uuid`;
      return tx.webhookEndpoint.findUniqueOrThrow({ where: { id } });
    },

    async beginAtHead(tx, id) {
      await tx.$executeRaw`
        UPDATE "WebhookEndpoint" e SET "afterSeq" = w."eventSeq" FROM "Workspace" w
        WHERE e."id" = ${id}::uuid AND w."id" = e."workspaceId"`;
    },

    async rotateSecret(tx, id, secret, overlapMs) {
      await tx.$queryRaw`SELECT 1 FROM "WebhookEndpoint" WHERE "id" = ${id}::uuid FOR UPDATE`;
      const row = await tx.webhookEndpoint.findUniqueOrThrow({ where: { id } });
      const present = box.open(row.secret, context("secret", id));
      await tx.$executeRaw`
        UPDATE "WebhookEndpoint" SET "secret" = ${box.seal(secret, context("secret", id))},
          "previousSecret" = ${box.seal(present, context("previousSecret", id))},
          "previousSecretUntil" = clock_timestamp() + make_interval(secs => ${overlapMs / 1000}::float8)
        WHERE "id" = ${id}::uuid`;
    },

    async readSecrets(id) {
      const rows = await db.$queryRaw<
        { id: string; secret: Uint8Array; previousSecret: Uint8Array | null }[]
      >`
        SELECT "id", "secret", CASE WHEN "previousSecretUntil" > clock_timestamp() THEN "previousSecret" END AS "previousSecret"
        FROM "WebhookEndpoint" WHERE "id" = ${id}::uuid`;
      return rows[0] ? openSecrets(rows[0]) : [];
    },

    async take(ids, leaseMs) {
      const leaseId = randomUUID();
      const targets = await db.$queryRaw<WebhookTarget[]>`
        UPDATE "WebhookEndpoint" o SET "leaseOwner" = ${leaseId},
          "leaseUntil" = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        FROM (
          SELECT e."id" FROM "WebhookEndpoint" e
          WHERE e."id" = ANY(${[...ids]}::uuid[]) AND ${isFree}
          ORDER BY e."id" FOR UPDATE SKIP LOCKED
        ) due
        WHERE o."id" = due."id"
        RETURNING o."id", o."workspaceId", o."url", coalesce(o."types", '{}')::text[] AS "types", o."afterSeq", o."failures",
          o."leaseOwner" AS "leaseId"`;
      return targets.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    },

    async keep(target, leaseMs) {
      const kept = await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "leaseUntil" = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId} AND "disabledAt" IS NULL`;
      return kept > 0;
    },

    async keepAll(targets, leaseMs) {
      if (targets.length === 0) return;
      await db.$executeRaw`
        UPDATE "WebhookEndpoint" e SET "leaseUntil" = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        FROM (
          SELECT h."id" FROM "WebhookEndpoint" h
          JOIN unnest(${targets.map(({ id }) => id)}::uuid[], ${targets.map(({ leaseId }) => leaseId)}::text[]) AS k("id", "leaseId")
            ON k."id" = h."id" AND k."leaseId" = h."leaseOwner"
          ORDER BY h."id" FOR UPDATE OF h
        ) held
        WHERE e."id" = held."id"`;
    },

    async advance(target, seq) {
      const advanced = await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "afterSeq" = ${seq}, "failures" = 0, "nextAttemptAt" = NULL
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId}`;
      return advanced > 0;
    },

    async skipToHead(target) {
      // Only if nothing was appended since: what is in the log now has to be delivered.
      await db.$executeRaw`
        UPDATE "WebhookEndpoint" e SET "afterSeq" = w."eventSeq", "failures" = 0, "nextAttemptAt" = NULL
        FROM "Workspace" w
        WHERE e."id" = ${target.id}::uuid AND e."leaseOwner" = ${target.leaseId} AND w."id" = e."workspaceId"
          AND NOT EXISTS (SELECT 1 FROM "WorkspaceEvent" v WHERE v."workspaceId" = w."id" AND v."seq" > e."afterSeq")`;
    },

    async postpone(target, retryInMs) {
      await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "failures" = "failures" + 1,
          "nextAttemptAt" = clock_timestamp() + make_interval(secs => ${retryInMs / 1000}::float8)
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId}`;
    },

    async disable(id) {
      await db.$executeRaw`UPDATE "WebhookEndpoint" SET "disabledAt" = clock_timestamp() WHERE "id" = ${id}::uuid`;
    },

    async release(target) {
      await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "leaseOwner" = NULL, "leaseUntil" = NULL
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId}`;
    },

    async record(endpointId, event, attempt, state, retryInMs) {
      return db.$transaction(async (tx) => {
        const [{ id }] = await tx.$queryRaw<[{ id: string }]>`
          INSERT INTO "WebhookDelivery" AS d ("id", "endpointId", "eventId", "type", "state", "attempts", "httpStatus", "error",
            "durationMs", "occurredAt", "lastAttemptAt", "nextAttemptAt")
          VALUES (${deps.newId()}::uuid, ${endpointId}::uuid, ${event.id}::uuid, ${event.type}::"WorkspaceEventType",
            ${state}::"WebhookDeliveryState", 1, ${attempt.httpStatus}, ${attempt.error}, ${attempt.durationMs}, ${event.occurredAt},
            clock_timestamp(), clock_timestamp() + make_interval(secs => ${retryInMs === null ? null : retryInMs / 1000}::float8))
          ON CONFLICT ("endpointId", "eventId") DO UPDATE SET "attempts" = d."attempts" + 1,
            "state" = CASE WHEN d."state" = 'DELIVERED' THEN d."state" ELSE excluded."state" END,
            "nextAttemptAt" = CASE WHEN d."state" = 'DELIVERED' THEN NULL ELSE excluded."nextAttemptAt" END,
            "httpStatus" = excluded."httpStatus", "error" = excluded."error", "durationMs" = excluded."durationMs",
            "lastAttemptAt" = excluded."lastAttemptAt"
          RETURNING d."id"`;
        await noteOutcome(tx, endpointId, attempt);
        return tx.webhookDelivery.findUniqueOrThrow({ where: { id } });
      });
    },

    async recordResend(id, attempt) {
      return db.$transaction(async (tx) => {
        await tx.$executeRaw`
          UPDATE "WebhookDelivery" SET "attempts" = "attempts" + 1,
            "state" = CASE WHEN ${attempt.ok} THEN 'DELIVERED' ELSE "state" END,
            "nextAttemptAt" = CASE WHEN ${attempt.ok} THEN NULL ELSE "nextAttemptAt" END,
            "httpStatus" = ${attempt.httpStatus}, "error" = ${attempt.error}, "durationMs" = ${attempt.durationMs},
            "lastAttemptAt" = clock_timestamp()
          WHERE "id" = ${id}::uuid`;
        const delivery = await tx.webhookDelivery.findUniqueOrThrow({ where: { id } });
        await noteOutcome(tx, delivery.endpointId, attempt);
        return delivery;
      });
    },

    async isDelivered(endpointId, eventId) {
      const row = await db.webhookDelivery.findUnique({
        where: { endpointId_eventId: { endpointId, eventId } },
        select: { state: true },
      });
      return row?.state === "DELIVERED";
    },

    async postponeParked(endpointId, eventId, retryInMs) {
      await db.$executeRaw`
        UPDATE "WebhookDelivery" SET "nextAttemptAt" = clock_timestamp() + make_interval(secs => ${retryInMs / 1000}::float8)
        WHERE "endpointId" = ${endpointId}::uuid AND "eventId" = ${eventId}::uuid AND "state" = 'PARKED'`;
    },
  };
}

/** What the list of endpoints shows of an attempt. */
async function noteOutcome(
  tx: Transaction,
  endpointId: string,
  { ok }: WebhookAttempt,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE "WebhookEndpoint" SET
      "lastDeliveryAt" = CASE WHEN ${ok} THEN clock_timestamp() ELSE "lastDeliveryAt" END,
      "failingSince" = CASE WHEN ${ok} THEN NULL ELSE coalesce("failingSince", clock_timestamp()) END
    WHERE "id" = ${endpointId}::uuid`;
}
