import { randomUUID } from "node:crypto";
import type { Database, Prisma, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { GrantStore, RefreshCause } from "#oauth/ports.ts";
import type { AccountReason, AccountState } from "#oauth/key-state.ts";
import { type GrantRow, grantColumns, readGrantRow, readingOf } from "./grant-row.ts";

/** A change of state, appended to the log in the transaction that makes the change. */
export interface StateChange {
  workspaceId: string;
  serverId: string;
  /** The id of the user or the workspace. */
  ownerId: string;
  actorId: string | null;
  previousState: AccountState;
  state: AccountState;
  reason: AccountReason | null;
}

/** Column values of a lease that is not held. */
export const clearedLease = {
  leaseOwner: null,
  leaseUntil: null,
  sentVersion: null,
  refreshRetryAt: null,
  refreshFailures: 0,
} as const;

/** Column values of a grant whose tokens can no longer be used. */
export const clearedTokens = {
  accessToken: null,
  refreshToken: null,
  accessTokenExpiresAt: null,
  refreshTokenExpiresAt: null,
} as const;

export interface GrantStoreDeps {
  db: Database;
  box: SealedBox;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  /**
   * The end of a statement whose common table expression `event` is a row for the log
   * (events/log.ts).
   */
  appendingEvent: Prisma.Sql;
  /**
   * Called after a commit, so that callers that wait for the grant or the workspace's log read it
   * again.
   */
  publish(grantId: string, workspaceId: string | null): void;
  waitForChange(grantId: string, timeoutMs: number): Promise<void>;
}

/** The logged reason for a token refresh. */
const loggedCauses = {
  due: "DUE",
  refused: "REFUSED",
  background: "BACKGROUND",
} as const satisfies Record<RefreshCause, string>;

/** Stores grants in PostgreSQL, for the refresher. All times are by the database's clock. */
export function createGrantStore(deps: GrantStoreDeps): GrantStore {
  const { db, box } = deps;
  const seal = (grantId: string, column: string, plaintext: string) =>
    box.seal(plaintext, { table: "OAuthGrant", column, rowId: grantId });

  return {
    async read(grantId) {
      return readingOf(box, await readGrantRow(db, grantId));
    },

    async takeLease(grantId, version, ttlMs) {
      const leaseId = randomUUID();
      // One statement: the row lock serializes all contenders, and `sentVersion` is written before
      // a request can be sent.
      const rows = await db.$queryRaw<(GrantRow & { inDoubt: boolean })[]>`
        WITH previous AS (
          SELECT "id", "leaseUntil", "sentVersion" FROM "OAuthGrant" WHERE "id" = ${grantId}::uuid FOR UPDATE
        ), g AS (
          UPDATE "OAuthGrant" o SET "leaseOwner" = ${leaseId}, "sentVersion" = o."version",
            "leaseUntil" = clock_timestamp() + make_interval(secs => ${ttlMs / 1000}::float8)
          FROM previous p
          WHERE o."id" = p."id" AND o."version" = ${version} AND (o."refreshToken" IS NOT NULL OR o."grantType" = 'CLIENT_CREDENTIALS')
            AND (o."state" = 'CONNECTED' OR (o."state" = 'REAUTH_REQUIRED' AND o."reason" IN ('TOKEN_REJECTED', 'INSUFFICIENT_SCOPE')))
            AND (p."leaseUntil" IS NULL OR p."leaseUntil" <= clock_timestamp())
            -- Taken before the database's start: the holder may live, with an answer that it tries to store every ten seconds.
            AND (p."leaseUntil" IS NULL OR p."leaseUntil" - make_interval(secs => ${ttlMs / 1000}::float8) > pg_postmaster_start_time()
              OR clock_timestamp() > pg_postmaster_start_time() + interval '15 seconds')
            AND (o."refreshRetryAt" IS NULL OR o."refreshRetryAt" <= clock_timestamp())
          RETURNING o.*, coalesce(p."leaseUntil" IS NOT NULL AND p."sentVersion" = o."version", false) AS "inDoubt"
        )
        SELECT ${grantColumns}, g."inDoubt" FROM g LEFT JOIN "OAuthClient" c ON c."id" = g."clientId"`;
      const row = rows[0];
      if (row) {
        const reading = readingOf(box, row);
        if (reading.kind === "usable")
          return { kind: "leased", grant: reading.grant, inDoubt: row.inDoubt, leaseId };
        return { kind: "settled", reading };
      }
      const present = await readGrantRow(db, grantId);
      const reading = readingOf(box, present);
      if (reading.kind !== "usable" || reading.grant.version !== version || !present)
        return { kind: "settled", reading };
      // There is nothing to wait for: the lease has ended in the meantime, or was set before the
      // database restarted.
      const waitMs = Math.max(present.leaseInMs, present.retryInMs) || 1_000;
      return { kind: "held", waitMs };
    },

    async storeTokens(grantId, version, tokens, { cause, durationMs, refusesResource }) {
      const payload = JSON.stringify({ cause: loggedCauses[cause], durationMs });
      // If the refresh token, scope or lifetime is omitted, the old value is kept (RFC 6749 §6).
      // The expiry is computed with the database's clock. One statement, so that tokens and event
      // are stored together even if the database is barely available.
      const events = await db.$queryRaw<{ workspaceId: string }[]>`
        WITH stored AS (UPDATE "OAuthGrant" SET
          "accessToken" = ${seal(grantId, "accessToken", tokens.accessToken)},
          "resource" = CASE WHEN ${refusesResource} THEN NULL ELSE "resource" END,
          "refreshToken" = coalesce(${tokens.refreshToken && seal(grantId, "refreshToken", tokens.refreshToken)}::bytea, "refreshToken"),
          "grantedScopes" = coalesce(${tokens.scopes}::text[], "grantedScopes"),
          "accessTokenLifetimeMs" = coalesce(${tokens.expiresInMs}::float8, "accessTokenLifetimeMs"),
          "accessTokenExpiresAt" = clock_timestamp()
            + make_interval(secs => coalesce(${tokens.expiresInMs}::float8, "accessTokenLifetimeMs") / 1000),
          "refreshTokenExpiresAt" = CASE
            WHEN ${tokens.refreshExpiresInMs}::float8 IS NULL AND ${tokens.refreshToken === null} THEN "refreshTokenExpiresAt"
            ELSE clock_timestamp() + make_interval(secs => ${tokens.refreshExpiresInMs}::float8 / 1000) END,
          "refusedAt" = CASE WHEN ${cause === "refused"} THEN clock_timestamp() ELSE "refusedAt" END,
          "lastRefreshedAt" = clock_timestamp(), "updatedAt" = clock_timestamp(), "version" = "version" + 1,
          "leaseOwner" = NULL, "leaseUntil" = NULL, "sentVersion" = NULL, "refreshRetryAt" = NULL, "refreshFailures" = 0
        WHERE "id" = ${grantId}::uuid AND "version" = ${version} AND "state" <> 'DISCONNECTED'
        RETURNING "serverId", "ownerId"
        ), event AS (
          SELECT m."workspaceId", 'TOKEN_REFRESHED' AS "type", NULL AS "actorId", stored."serverId",
            nullif(stored."ownerId", m."workspaceId") AS "userId", ${payload}::text AS "payload"
          FROM stored JOIN "McpServer" m ON m."id" = stored."serverId"
        )${deps.appendingEvent}`;
      const [event] = events;
      if (!event) {
        const present = await readGrantRow(db, grantId);
        return present?.accessToken ? "superseded" : "gone";
      }
      deps.publish(grantId, event.workspaceId);
      return "stored";
    },

    async markDead(grantId, version, reason) {
      const workspaceId = await db.$transaction(async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM "OAuthGrant" WHERE "id" = ${grantId}::uuid FOR UPDATE`;
        const grant = await tx.oAuthGrant.findUnique({
          where: { id: grantId },
          select: {
            state: true,
            ownerId: true,
            clientId: true,
            server: { select: { id: true, workspaceId: true } },
          },
        });
        const marked = await tx.oAuthGrant.updateMany({
          where: { id: grantId, version, state: { not: "DISCONNECTED" } },
          data: {
            state: "REAUTH_REQUIRED",
            reason,
            ...clearedTokens,
            version: { increment: 1 },
            ...clearedLease,
          },
        });
        if (!grant || marked.count === 0) return null;
        // The next consent registers a new client. The row is kept because other transactions may
        // still refer to it.
        if (reason === "CLIENT_INVALID" && grant.clientId)
          await tx.oAuthClient.update({
            where: { id: grant.clientId },
            data: { invalidAt: new Date() },
          });
        await deps.appendStateChange(tx, {
          workspaceId: grant.server.workspaceId,
          serverId: grant.server.id,
          ownerId: grant.ownerId,
          actorId: null,
          previousState: grant.state,
          state: "REAUTH_REQUIRED",
          reason,
        });
        return grant.server.workspaceId;
      });
      if (workspaceId) deps.publish(grantId, workspaceId);
      return workspaceId !== null;
    },

    async release(grantId, leaseId, retryInMs) {
      await db.$executeRaw`
        UPDATE "OAuthGrant" SET "leaseOwner" = NULL, "leaseUntil" = NULL, "sentVersion" = NULL,
          "refreshFailures" = "refreshFailures" + ${retryInMs > 0 ? 1 : 0},
          "refreshRetryAt" = CASE WHEN ${retryInMs}::float8 > 0 THEN clock_timestamp() + make_interval(secs => ${retryInMs / 1000}::float8) END
        WHERE "id" = ${grantId}::uuid AND "leaseOwner" = ${leaseId}`;
      deps.publish(grantId, null);
    },

    changed: deps.waitForChange,
  };
}
