import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import { nextState } from "#oauth/state.ts";
import type { StateChange } from "#storage/grant-store.ts";

/** Records that a server which did not require authentication now requires OAuth. */
export interface AuthorizationRequired {
  /**
   * Records it once, even if several calls detect it at the same time, and only if the settings of `server` have not changed. The change of
   * the server informs all members. OAuth state events are recorded for the caller's account and for accounts that had been connected
   * before.
   * @param ownerId the owner of the account whose call detected it
   */
  note(server: McpServer, ownerId: string): Promise<void>;
}

export function createAuthorizationRequired(deps: {
  db: Database;
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
}): AuthorizationRequired {
  return {
    async note({ id: serverId, workspaceId, configVersion }, ownerId) {
      const isNoted = await deps.db.$transaction(async (tx) => {
        const raised = await tx.mcpServer.updateMany({
          where: { id: serverId, configVersion },
          data: { authType: "OAUTH", configVersion: { increment: 1 } },
        });
        if (raised.count === 0) return false;
        const grants = await tx.oAuthGrant.findMany({
          where: { serverId },
          select: { ownerId: true, state: true, reason: true },
          orderBy: { id: "asc" },
        });
        const newcomer = {
          ownerId,
          ...nextState("NOT_REQUIRED", null, { type: "authorizationRequired" }),
        };
        const isKnown = grants.some((grant) => grant.ownerId === ownerId);
        for (const account of isKnown ? grants : [...grants, newcomer])
          await deps.appendStateChange(tx, {
            ...account,
            workspaceId,
            serverId,
            actorId: null,
            previousState: "NOT_REQUIRED",
          });
        await deps.appendEvent(tx, {
          workspaceId,
          type: "SERVER_UPDATED",
          actorId: null,
          serverId,
          userId: null,
          payload: { fields: ["authType"] },
        });
        return true;
      });
      if (!isNoted) return;
      deps.changes.server(serverId);
      deps.changes.workspace(workspaceId);
    },
  };
}
