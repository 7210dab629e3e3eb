import { Prisma, type Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { type GrantRow, grantColumns, openGrant } from "./grant-row.ts";
import { clearedLease, clearedTokens, type StateChange } from "./grant-store.ts";
import type { RevocationCause, RevocationStore } from "./revocation-store.ts";

/** Why a grant ends; here there always is a reason. */
export interface EndCause extends RevocationCause {
  reason: NonNullable<RevocationCause["reason"]>;
}

/** Ends grants in the caller's transaction: tokens erased here and on their way to be revoked there, told in the log. */
export interface GrantEnding {
  /** Whatever there was, for update; in one order, so that two that end several never wait for each other. */
  readRows(tx: Transaction, where: Prisma.Sql): Promise<GrantRow[]>;
  /** False: it had ended already. */
  endRow(
    tx: Transaction,
    row: GrantRow,
    cause: EndCause,
    /** NOT_REQUIRED when the server asks for no OAuth any more. */
    state?: "DISCONNECTED" | "NOT_REQUIRED",
  ): Promise<boolean>;
}

/** What is left of a grant that has ended: its reason. */
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

    async endRow(tx, row, cause, state = "DISCONNECTED") {
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
        state,
        reason: state === "NOT_REQUIRED" ? null : cause.reason,
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
  /** A member's own ones in a workspace, and the workspace's that they consented to; with client credentials nobody did. */
  member: (workspaceId: string, userId: string) => Prisma.sql`
    g."serverId" IN (SELECT s."id" FROM "McpServer" s WHERE s."workspaceId" = ${workspaceId}::uuid)
    AND (g."ownerId" = ${userId}::uuid OR (g."ownerId" = ${workspaceId}::uuid AND g."connectedById" = ${userId}::uuid
      AND g."grantType" <> 'CLIENT_CREDENTIALS'))`,
};
