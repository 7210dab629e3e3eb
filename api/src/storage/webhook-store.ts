import { randomUUID } from "node:crypto";
import type {
  Database,
  Transaction,
  WebhookDelivery,
  WebhookEndpoint,
  WorkspaceEventType,
} from "@gatehouse/prisma";
import type { SealedBox } from "../crypto/sealed-box.ts";

/** An endpoint that this process delivers to, until the lease runs out. */
export interface WebhookTarget {
  id: string;
  workspaceId: string;
  url: string;
  /** Empty: every type. */
  types: WorkspaceEventType[];
  /** The present one first. */
  secrets: string[];
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
export interface WebhookStore {
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
  /** Endpoints with something to deliver that nobody else is at. */
  takeDue(most: number, leaseMs: number): Promise<WebhookTarget[]>;
  /** Prolongs the lease. False: another process has taken over. */
  keep(target: WebhookTarget, leaseMs: number): Promise<boolean>;
  /** Everything up to `seq` is done with. False when the lease is lost. */
  advance(target: WebhookTarget, seq: bigint): Promise<boolean>;
  /** The next event failed: nothing is sent before `retryInMs`. */
  postpone(target: WebhookTarget, retryInMs: number): Promise<void>;
  /** The receiver is gone (410). */
  disable(endpointId: string): Promise<void>;
  release(target: WebhookTarget): Promise<void>;
  /** Writes down an attempt. */
  record(
    endpointId: string,
    event: DeliveredEvent,
    attempt: WebhookAttempt,
    state: WebhookDelivery["state"],
    /** Of one that is parked. */
    retryInMs: number | null,
  ): Promise<WebhookDelivery>;
  /** Parked deliveries whose time has come; they are nobody else's for `claimMs`. */
  takeParked(most: number, claimMs: number): Promise<ParkedDelivery[]>;
}

export interface ParkedDelivery {
  endpointId: string;
  eventId: string;
  url: string;
  /** Since the event happened, in milliseconds. */
  ageMs: number;
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

    async takeDue(most, leaseMs) {
      const leaseId = randomUUID();
      const rows = await db.$queryRaw<
        (Omit<WebhookTarget, "secrets" | "leaseId"> & {
          secret: Uint8Array;
          previousSecret: Uint8Array | null;
        })[]
      >`
        UPDATE "WebhookEndpoint" o SET "leaseOwner" = ${leaseId},
          "leaseUntil" = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        FROM (
          SELECT e."id" FROM "WebhookEndpoint" e JOIN "Workspace" w ON w."id" = e."workspaceId"
          WHERE w."eventSeq" > e."afterSeq" AND e."disabledAt" IS NULL
            AND (e."leaseUntil" IS NULL OR e."leaseUntil" <= clock_timestamp())
            AND (e."nextAttemptAt" IS NULL OR e."nextAttemptAt" <= clock_timestamp())
          ORDER BY e."nextAttemptAt" NULLS FIRST, e."id" LIMIT ${most} FOR UPDATE OF e SKIP LOCKED
        ) due
        WHERE o."id" = due."id"
        RETURNING o."id", o."workspaceId", o."url", coalesce(o."types", '{}')::text[] AS "types", o."afterSeq", o."failures", o."secret",
          CASE WHEN o."previousSecretUntil" > clock_timestamp() THEN o."previousSecret" END AS "previousSecret"`;
      return rows.map(({ secret, previousSecret, ...target }) => ({
        ...target,
        secrets: openSecrets({ id: target.id, secret, previousSecret }),
        leaseId,
      }));
    },

    async keep(target, leaseMs) {
      const kept = await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "leaseUntil" = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId} AND "disabledAt" IS NULL`;
      return kept > 0;
    },

    async advance(target, seq) {
      const advanced = await db.$executeRaw`
        UPDATE "WebhookEndpoint" SET "afterSeq" = ${seq}, "failures" = 0, "nextAttemptAt" = NULL
        WHERE "id" = ${target.id}::uuid AND "leaseOwner" = ${target.leaseId}`;
      return advanced > 0;
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
          ON CONFLICT ("endpointId", "eventId") DO UPDATE SET "state" = excluded."state", "attempts" = d."attempts" + 1,
            "httpStatus" = excluded."httpStatus", "error" = excluded."error", "durationMs" = excluded."durationMs",
            "lastAttemptAt" = excluded."lastAttemptAt", "nextAttemptAt" = excluded."nextAttemptAt"
          RETURNING d."id"`;
        // What the list of endpoints says of it.
        await tx.$executeRaw`
          UPDATE "WebhookEndpoint" SET
            "lastDeliveryAt" = CASE WHEN ${attempt.ok} THEN clock_timestamp() ELSE "lastDeliveryAt" END,
            "failingSince" = CASE WHEN ${attempt.ok} THEN NULL ELSE coalesce("failingSince", clock_timestamp()) END
          WHERE "id" = ${endpointId}::uuid`;
        return tx.webhookDelivery.findUniqueOrThrow({ where: { id } });
      });
    },

    takeParked: (most, claimMs) => db.$queryRaw`
      UPDATE "WebhookDelivery" o SET "nextAttemptAt" = clock_timestamp() + make_interval(secs => ${claimMs / 1000}::float8)
      FROM (
        SELECT d."id", e."url" FROM "WebhookDelivery" d JOIN "WebhookEndpoint" e ON e."id" = d."endpointId"
        WHERE d."state" = 'PARKED' AND d."nextAttemptAt" <= clock_timestamp() AND e."disabledAt" IS NULL
        ORDER BY d."nextAttemptAt" LIMIT ${most} FOR UPDATE OF d SKIP LOCKED
      ) due
      WHERE o."id" = due."id"
      RETURNING o."endpointId", o."eventId", due."url",
        (extract(epoch FROM clock_timestamp() - o."occurredAt") * 1000)::float8 AS "ageMs"`,
  };
}
