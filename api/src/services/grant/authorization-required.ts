import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import { nextState } from "#oauth/state.ts";
import type { StateChange } from "#storage/grant-store.ts";
import type { AccountKeys } from "./account-keys.ts";

/** Records that a server which did not require authentication now requires OAuth or a key. */
export interface AuthorizationRequired {
  /**
   * Records it once, even if several calls detect it at the same time, and only if the settings of `server` have not changed. The change of
   * the server informs all members. OAuth state events are recorded for the caller's account and for accounts that had been connected
   * before.
   * @param ownerId the owner of the account whose call detected it
   */
  note(server: McpServer, ownerId: string): Promise<void>;
  /** Does the same for a server that now requires a key, and records that it rejected the request of the caller's account. */
  noteKey(server: McpServer, ownerId: string): Promise<void>;
}

export function createAuthorizationRequired(deps: {
  db: Database;
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
  keys: Pick<AccountKeys, "rejected">;
}): AuthorizationRequired {
  return {
    async noteKey(server, ownerId) {
      const { id: serverId, workspaceId, configVersion } = server;
      const isNoted = await deps.db.$transaction(async (tx) => {
        const raised = await tx.mcpServer.updateMany({
          where: { id: serverId, configVersion, authType: { in: ["NONE", "UNKNOWN"] } },
          data: { authType: "HEADERS", configVersion: { increment: 1 } },
        });
        if (raised.count > 0) await appendDetected(deps, tx, server);
        return raised.count > 0;
      });
      if (!isNoted) return;
      deps.changes.server(serverId);
      deps.changes.workspace(workspaceId);
      const noted = { ...server, authType: "HEADERS", configVersion: configVersion + 1 } as const;
      // The account has no headers of its own at a server that required none.
      await deps.keys.rejected(noted, ownerId, 0);
    },

    async note({ id: serverId, workspaceId, configVersion, authType }, ownerId) {
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
            previousState: authType === "UNKNOWN" ? "UNKNOWN" : "NOT_REQUIRED",
          });
        await appendDetected(deps, tx, { id: serverId, workspaceId });
        return true;
      });
      if (!isNoted) return;
      deps.changes.server(serverId);
      deps.changes.workspace(workspaceId);
    },
  };
}

function appendDetected(
  { appendEvent }: { appendEvent(tx: Transaction, event: NewEvent): Promise<void> },
  tx: Transaction,
  { id: serverId, workspaceId }: Pick<McpServer, "id" | "workspaceId">,
): Promise<void> {
  return appendEvent(tx, {
    workspaceId,
    type: "SERVER_UPDATED",
    actorId: null,
    serverId,
    userId: null,
    payload: { fields: ["authType"] },
  });
}
