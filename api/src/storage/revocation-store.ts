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

/** Where a grant is ended, and why. */
export interface RevocationCause {
  workspaceId: string;
  /** Who caused it; null when nobody in particular. */
  actorId: string | null;
  reason: OAuthReason | null;
}

/** Whose tokens, from which client: what a later consent may share with the task. */
export interface RevocationAccount {
  /** The user's id, or the workspace's. */
  ownerId: string;
  issuer: string;
  /** As the authorization server knows it. */
  clientId: string;
}

/** All that ending it takes; sealed while it is stored. */
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
  /** Stands for the MCP server's own URL, which may be gone: it lets loopback servers be reached. */
  serverUrl: string;
};

/** A task of which this process alone disposes, until its lease runs out. */
export interface LeasedTask extends RevocationCause, RevocationAccount {
  id: string;
  leaseId: string;
  kind: RevocationTaskKind;
  serverId: string;
  /** Tries before this one. */
  attempts: number;
  /** By the database's clock, when the lease was taken: milliseconds since the grant was ended. */
  ageMs: number;
  payload: Uint8Array;
}

/** How it ended; told in the log as the task is erased. */
export interface RevocationReceipt {
  /** REFUSED: by an OAuth error that no later try mends. KEPT_SHARED: a living grant hangs on the same client. */
  outcome: "CONFIRMED" | "UNSUPPORTED" | "REFUSED" | "KEPT_SHARED" | "GIVEN_UP";
  /** Requests that were made, the last one included. */
  attempts: number;
  httpStatus: number | null;
}

/** The outbox of what is to be ended at authorization servers. All times are the database's. */
export interface RevocationStore {
  /** In the transaction that ends or outdates the grant, so that neither happens without the other. */
  addTokens(tx: Transaction, grant: TokensToRevoke, cause: RevocationCause): Promise<void>;
  addRegistration(
    tx: Transaction,
    registration: RegistrationToDelete,
    cause: RevocationCause,
  ): Promise<void>;
  /** Of a grant that has ended or died, or is gone with its server: where and why, as far as it is still known. */
  readCause(grant: { serverId: string; ownerId: string }): Promise<RevocationCause>;
  /** Leases tasks whose time has come; a registration's comes when no token of it is left to revoke. */
  takeDue(most: number, leaseMs: number): Promise<LeasedTask[]>;
  /** Leases the open TOKENS tasks of an account, due or not, but those that somebody has leased. */
  takeAccount(account: RevocationAccount, leaseMs: number): Promise<LeasedTask[]>;
  /** TOKENS tasks of an account that somebody has leased now. */
  countHeld(account: RevocationAccount): Promise<number>;
  /** Keeps an account's TOKENS tasks from being taken as due for so long; those that are leased now, once they are given back. */
  postpone(account: RevocationAccount, forMs: number): Promise<void>;
  /**
   * Null: the seal is broken, which no later try mends.
   * @throws UnknownKeyError; the task is untouched.
   */
  open(task: LeasedTask): RevocationWork | null;
  /** Whether a grant of that owner lives through that client. */
  isShared(account: RevocationAccount): Promise<boolean>;
  /** Erases the task and appends its receipt, in one transaction. False: the lease had run out and somebody else has it. */
  finish(task: LeasedTask, receipt: RevocationReceipt): Promise<boolean>;
  /** Ends the lease. @param inMs when the task is due again, or later if it was postponed meanwhile */
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
  /** The last statement of the transaction. */
  appendReceipt(tx: Transaction, task: LeasedTask, receipt: RevocationReceipt): Promise<void>;
  /** After a commit that appended one. */
  publish(workspaceId: string): void;
}

/** A workspace that is gone with its log: its tasks end without a receipt. */
const nowhere = "00000000-0000-0000-0000-000000000000";
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

  /** Whoever else is taking tasks is not waited for: each is one process's. */
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
      const { workspaceId = nowhere, actorId = null } = deletion ?? {};
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
