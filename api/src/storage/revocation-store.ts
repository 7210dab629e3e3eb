import { randomUUID } from "node:crypto";
import {
  type Database,
  Prisma,
  type RevocationTaskKind,
  type Transaction,
} from "@gatehouse/prisma";
import { BrokenSealError, type SealedBox } from "#crypto/sealed-box.ts";
import type { Grant, GrantClient } from "#oauth/ports.ts";
import type { OAuthReason } from "#oauth/state.ts";
import { NIL } from "uuid";

/** Where a grant was ended, and why. */
export interface RevocationCause {
  workspaceId: string;
  /** The user who caused it; null if no user did. */
  actorId: string | null;
  reason: OAuthReason | null;
}

/** The owner and client of the tokens, which a later consent may share with the task. */
export interface RevocationAccount {
  /** The id of the user or the workspace. */
  ownerId: string;
  issuer: string;
  /** The client id at the authorization server. */
  clientId: string;
}

/** Everything that is needed for the revocation. It is sealed in the database. */
export type RevocationWork = (
  | {
      kind: "TOKENS";
      client: GrantClient;
      revocationEndpoint: string | null;
      accessToken: string;
      refreshToken: string | null;
    }
  | { kind: "REGISTRATION"; registrationClientUri: string; registrationAccessToken: string }
) & {
  /**
   * Used in place of the MCP server's own URL, which may no longer exist, to decide whether
   * loopback addresses are allowed.
   */
  serverUrl: string;
};

/** A task that only this process may handle until its lease expires. */
export interface LeasedTask extends RevocationCause, RevocationAccount {
  id: string;
  leaseId: string;
  kind: RevocationTaskKind;
  serverId: string;
  /** The number of earlier attempts. */
  attempts: number;
  /**
   * Milliseconds from the end of the grant to the time when the lease was taken, by the database's
   * clock.
   */
  ageMs: number;
  payload: Uint8Array;
}

/** The outcome of a task, appended to the log when the task is erased. */
export interface RevocationReceipt {
  /**
   * REFUSED: by an OAuth error that a retry cannot fix. KEPT_SHARED: an active grant uses the same
   * client.
   */
  outcome: "CONFIRMED" | "UNSUPPORTED" | "REFUSED" | "KEPT_SHARED" | "GIVEN_UP";
  /** The number of requests made, including the last one. */
  attempts: number;
  httpStatus: number | null;
}

/**
 * The outbox of tokens and registrations to be revoked at authorization servers. All times are by
 * the database's clock.
 */
export interface RevocationStore {
  /**
   * Must be called in the transaction that ends or replaces the grant, so that neither is stored
   * without the other.
   */
  addTokens(tx: Transaction, grant: TokensToRevoke, cause: RevocationCause): Promise<void>;
  addRegistration(
    tx: Transaction,
    registration: RegistrationToDelete,
    cause: RevocationCause,
  ): Promise<void>;
  /**
   * Reads where and why a grant ended. The grant may already have been deleted with its server; the
   * result then contains what is still known.
   */
  readCause(grant: { serverId: string; ownerId: string }): Promise<RevocationCause>;
  /**
   * Leases tasks that are due. The task of a registration is due when none of its tokens remain to
   * be revoked.
   */
  takeDue(most: number, leaseMs: number): Promise<LeasedTask[]>;
  /**
   * Leases the open TOKENS tasks of an account, whether due or not, except those that are already
   * leased.
   */
  takeAccount(account: RevocationAccount, leaseMs: number): Promise<LeasedTask[]>;
  /** Counts the TOKENS tasks of an account that are currently leased. */
  countHeld(account: RevocationAccount): Promise<number>;
  /**
   * Delays the TOKENS tasks of an account by this time. Those that are currently leased are delayed
   * when they are given back.
   */
  postpone(account: RevocationAccount, forMs: number): Promise<void>;
  /** Null if the seal is broken, which a retry cannot fix. @throws UnknownKeyError */
  open(task: LeasedTask): RevocationWork | null;
  /** Whether an active grant of this owner uses this client. */
  isShared(account: RevocationAccount): Promise<boolean>;
  /**
   * Erases the task and appends its receipt, in one transaction. False if the lease had expired and
   * another process holds it.
   */
  finish(task: LeasedTask, receipt: RevocationReceipt): Promise<boolean>;
  /**
   * Ends the lease.
   * @param inMs when the task is due again; later if it was postponed in the meantime
   */
  giveBack(task: LeasedTask, tries: { attempts: number; inMs: number }): Promise<void>;
}

export type TokensToRevoke = Pick<
  Grant,
  | "serverId"
  | "ownerId"
  | "issuer"
  | "revocationEndpoint"
  | "resource"
  | "client"
  | "accessToken"
  | "refreshToken"
>;

export interface RegistrationToDelete {
  serverId: string;
  issuer: string;
  clientId: string;
  registrationClientUri: string;
  registrationAccessToken: string;
}

export interface RevocationStoreDeps {
  db: Database;
  box: SealedBox;
  newId(): string;
  /** Must be the last statement of the transaction. */
  appendReceipt(tx: Transaction, task: LeasedTask, receipt: RevocationReceipt): Promise<void>;
  /** Called after a commit that appended a receipt. */
  publish(workspaceId: string): void;
}

const isFree = Prisma.sql`("leaseUntil" IS NULL OR "leaseUntil" <= now())`;
const ofAccount = ({ ownerId, issuer, clientId }: RevocationAccount) =>
  Prisma.sql`"kind" = 'TOKENS' AND "ownerId" = ${ownerId}::uuid AND "issuer" = ${issuer} AND "clientId" = ${clientId}`;
const inMilliseconds = (ms: number) =>
  Prisma.sql`(clock_timestamp() + make_interval(secs => ${ms}::float8 / 1000))`;

export function createRevocationStore(deps: RevocationStoreDeps): RevocationStore {
  const { db, box } = deps;
  const context = (rowId: string) => ({ table: "RevocationTask", column: "payload", rowId });

  async function add(
    tx: Transaction,
    { ownerId, issuer, clientId }: RevocationAccount,
    serverId: string,
    work: RevocationWork,
    cause: RevocationCause,
  ): Promise<void> {
    const id = deps.newId();
    await tx.$executeRaw`
      INSERT INTO "RevocationTask" ("id", "kind", "workspaceId", "serverId", "ownerId", "actorId", "reason", "issuer", "clientId",
        "payload", "nextAttemptAt", "createdAt")
      VALUES (${id}::uuid, ${work.kind}::"RevocationTaskKind", ${cause.workspaceId}::uuid, ${serverId}::uuid, ${ownerId}::uuid,
        ${cause.actorId}::uuid, ${cause.reason}::"OAuthReason", ${issuer}, ${clientId},
        ${box.seal(JSON.stringify(work), context(id))}, clock_timestamp(), clock_timestamp())`;
  }

  /** Skips rows that are locked by another process, because each task belongs to one process. */
  function lease(where: Prisma.Sql, leaseMs: number): Promise<LeasedTask[]> {
    const leaseId = randomUUID();
    return db.$queryRaw<LeasedTask[]>`
      UPDATE "RevocationTask" SET "leaseOwner" = ${leaseId}, "leaseUntil" = ${inMilliseconds(leaseMs)}
      WHERE "id" IN (SELECT t."id" FROM "RevocationTask" t WHERE ${where} FOR UPDATE SKIP LOCKED)
      RETURNING "id", "leaseOwner" AS "leaseId", "kind"::text AS "kind", "workspaceId", "serverId", "ownerId", "actorId",
        "reason"::text AS "reason", "issuer", "clientId", "payload", "attempts",
        (extract(epoch FROM clock_timestamp() - "createdAt") * 1000)::float8 AS "ageMs"`;
  }

  return {
    addTokens(tx, grant, cause) {
      const { ownerId, issuer, client, revocationEndpoint, accessToken, refreshToken } = grant;
      const serverUrl = grant.resource ?? issuer;
      return add(
        tx,
        { ownerId, issuer, clientId: client.clientId },
        grant.serverId,
        { kind: "TOKENS", client, revocationEndpoint, accessToken, refreshToken, serverUrl },
        cause,
      );
    },

    addRegistration(tx, { issuer, clientId, serverId, ...registration }, cause) {
      const account = { ownerId: cause.workspaceId, issuer, clientId };
      const work = { kind: "REGISTRATION", ...registration, serverUrl: issuer } as const;
      return add(tx, account, serverId, work, cause);
    },

    async readCause({ serverId, ownerId }) {
      const server = await db.mcpServer.findUnique({
        where: { id: serverId },
        select: {
          workspaceId: true,
          grants: { where: { ownerId, accessToken: null }, select: { reason: true } },
        },
      });
      if (server)
        return {
          workspaceId: server.workspaceId,
          actorId: null,
          reason: server.grants[0]?.reason ?? null,
        };
      const deletion = await db.workspaceEvent.findFirst({
        where: { serverId, type: "SERVER_DELETED" },
        select: { workspaceId: true, actorId: true },
      });
      // If the workspace was deleted, there is no log: the task ends without a receipt.
      const { workspaceId = NIL, actorId = null } = deletion ?? {};
      return { workspaceId, actorId, reason: "DISCONNECTED_BY_USER" };
    },

    takeDue: (most, leaseMs) =>
      lease(
        Prisma.sql`"nextAttemptAt" <= now() AND ${isFree}
          AND (t."kind" = 'TOKENS' OR NOT EXISTS (SELECT 1 FROM "RevocationTask" o
            WHERE o."kind" = 'TOKENS' AND o."issuer" = t."issuer" AND o."clientId" = t."clientId"))
          ORDER BY "nextAttemptAt" LIMIT ${most}`,
        leaseMs,
      ),

    takeAccount: (account, leaseMs) =>
      lease(Prisma.sql`${ofAccount(account)} AND ${isFree}`, leaseMs),

    async countHeld(account) {
      const [row] = await db.$queryRaw<{ held: number }[]>`
        SELECT count(*)::int AS "held" FROM "RevocationTask" WHERE ${ofAccount(account)} AND NOT ${isFree}`;
      return row?.held ?? 0;
    },

    async postpone(account, forMs) {
      await db.$executeRaw`
        UPDATE "RevocationTask" SET "nextAttemptAt" = greatest("nextAttemptAt", ${inMilliseconds(forMs)})
        WHERE ${ofAccount(account)}`;
    },

    open({ id, payload }) {
      try {
        return JSON.parse(box.open(payload, context(id))) as RevocationWork;
      } catch (error) {
        if (error instanceof BrokenSealError) return null;
        throw error;
      }
    },

    async isShared({ ownerId, issuer, clientId }) {
      const living = await db.oAuthGrant.count({
        where: { ownerId, issuer, accessToken: { not: null }, client: { clientId } },
      });
      return living > 0;
    },

    async finish(task, receipt) {
      const isErased = await db.$transaction(async (tx) => {
        const erased = await tx.revocationTask.deleteMany({
          where: { id: task.id, leaseOwner: task.leaseId },
        });
        if (erased.count === 0) return false;
        await deps.appendReceipt(tx, task, receipt);
        return true;
      });
      if (isErased) deps.publish(task.workspaceId);
      return isErased;
    },

    async giveBack({ id, leaseId }, { attempts, inMs }) {
      await db.$executeRaw`
        UPDATE "RevocationTask" SET "leaseOwner" = NULL, "leaseUntil" = NULL, "attempts" = ${attempts},
          "nextAttemptAt" = greatest("nextAttemptAt", ${inMilliseconds(inMs)})
        WHERE "id" = ${id}::uuid AND "leaseOwner" = ${leaseId}`;
    },
  };
}
