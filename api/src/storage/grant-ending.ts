import { Prisma, type Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { type GrantRow, grantColumns, openGrant } from "./grant-row.ts";
import { clearedLease, clearedTokens, type StateChange } from "./grant-store.ts";
import type { RevocationCause, RevocationStore } from "./revocation-store.ts";

/** Why a grant ends. Unlike in `RevocationCause`, there is always a reason. */
export interface EndCause extends RevocationCause {
  reason: NonNullable<RevocationCause["reason"]>;
}

/**
 * Ends grants in the caller's transaction: erases the stored tokens, adds a task that revokes them
 * at the authorization server, and appends an event.
 */
export interface GrantEnding {
  /**
   * Reads and locks the matching rows, in a fixed order so that two transactions that end several
   * grants cannot deadlock.
   */
  readRows(tx: Transaction, where: Prisma.Sql): Promise<GrantRow[]>;
  /** False if the grant had already ended. */
  endRow(
    tx: Transaction,
    row: GrantRow,
    cause: EndCause,
    /** If the server no longer requires OAuth; otherwise DISCONNECTED. */
    status?: Pick<StateChange, "state" | "reason">,
  ): Promise<boolean>;
}

/** The column values of a grant that has ended; only its reason is kept. */
const erased = {
  ...clearedTokens,
  accessTokenLifetimeMs: null,
  grantedScopes: [],
  challengedScopes: [],
  stepUps: [],
  connectedAt: null,
  lastRefreshedAt: null,
  connectedById: null,
  ...clearedLease,
} satisfies Prisma.OAuthGrantUncheckedUpdateInput;

export function createGrantEnding(deps: {
  box: SealedBox;
  revocations: Pick<RevocationStore, "addTokens">;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
}): GrantEnding {
  return {
    readRows: (tx, where) =>
      tx.$queryRaw<GrantRow[]>`
        SELECT ${grantColumns} FROM "OAuthGrant" g LEFT JOIN "OAuthClient" c ON c."id" = g."clientId"
        WHERE ${where} ORDER BY g."id" FOR UPDATE OF g`,

    async endRow(tx, row, cause, status) {
      if (row.state === "DISCONNECTED") return false;
      const grant = openGrant(deps.box, row);
      await tx.oAuthGrant.update({
        where: { id: row.id },
        data: { state: "DISCONNECTED", reason: cause.reason, version: { increment: 1 }, ...erased },
      });
      if (grant) await deps.revocations.addTokens(tx, grant, cause);
      await deps.appendStateChange(tx, {
        workspaceId: cause.workspaceId,
        serverId: row.serverId,
        ownerId: row.ownerId,
        actorId: cause.actorId,
        previousState: row.state,
        state: "DISCONNECTED",
        reason: cause.reason,
        ...status,
      });
      return true;
    },
  };
}

/** Conditions for `readRows`. */
export const grantsOf = {
  server: (serverId: string) => Prisma.sql`g."serverId" = ${serverId}::uuid`,
  owner: (serverId: string, ownerId: string) =>
    Prisma.sql`g."serverId" = ${serverId}::uuid AND g."ownerId" = ${ownerId}::uuid`,
  /**
   * The member's own grants in a workspace, and the shared grants that the member consented to.
   * Grants by client credentials have no consenting member.
   */
  member: (workspaceId: string, userId: string) => Prisma.sql`
    g."serverId" IN (SELECT s."id" FROM "McpServer" s WHERE s."workspaceId" = ${workspaceId}::uuid)
    AND (g."ownerId" = ${userId}::uuid OR (g."ownerId" = ${workspaceId}::uuid AND g."connectedById" = ${userId}::uuid
      AND g."grantType" <> 'CLIENT_CREDENTIALS'))`,
};
