import { type Database, Prisma, type Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { GrantEnding } from "./grant-ending.ts";
import { openGrant } from "./grant-row.ts";
import { clearedLease, clearedTokens, type StateChange } from "./grant-store.ts";
import type { RevocationStore } from "./revocation-store.ts";

/** For grants from an authorization server that the MCP server no longer names. */
export interface GrantMove {
  /**
   * Marks the grant as ended with AUTHORIZATION_SERVER_CHANGED: erases the stored tokens, queues
   * their revocation at the server that issued them, and appends one event. False if the grant was
   * replaced or has already ended.
   */
  markMoved(grantId: string, version: number): Promise<boolean>;
}

const reason = "AUTHORIZATION_SERVER_CHANGED";

export function createGrantMove(deps: {
  db: Database;
  box: SealedBox;
  ending: Pick<GrantEnding, "readRows">;
  revocations: Pick<RevocationStore, "addTokens">;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  publish(grantId: string, workspaceId: string): void;
}): GrantMove {
  return {
    async markMoved(grantId, version) {
      const workspaceId = await deps.db.$transaction(async (tx) => {
        const [row] = await deps.ending.readRows(tx, Prisma.sql`g."id" = ${grantId}::uuid`);
        if (!row || row.version !== version || row.state === "DISCONNECTED") return null;
        const grant = openGrant(deps.box, row);
        if (!grant) return null;
        const server = await tx.mcpServer.findUniqueOrThrow({
          where: { id: row.serverId },
          select: { workspaceId: true },
        });
        await tx.oAuthGrant.update({
          where: { id: grantId },
          data: {
            state: "REAUTH_REQUIRED",
            reason,
            ...clearedTokens,
            version: { increment: 1 },
            ...clearedLease,
          },
        });
        await deps.revocations.addTokens(tx, grant, {
          workspaceId: server.workspaceId,
          actorId: null,
          reason,
        });
        await deps.appendStateChange(tx, {
          workspaceId: server.workspaceId,
          serverId: row.serverId,
          ownerId: row.ownerId,
          actorId: null,
          previousState: row.state,
          state: "REAUTH_REQUIRED",
          reason,
        });
        return server.workspaceId;
      });
      if (workspaceId) deps.publish(grantId, workspaceId);
      return workspaceId !== null;
    },
  };
}
