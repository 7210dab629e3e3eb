import type { Changes } from "#events/changes.ts";
import type { Database, NewToolPolicy, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import type { Access, Caller } from "../access/access.ts";
import { approveListedTools } from "./listed-definitions.ts";
import { lockServer, patient } from "../server/server-lock.ts";

/** How a workspace treats tools without a decision or an approval. */
export interface NewToolPolicies {
  /**
   * Sets the policy for new tools. DENY first approves the tools that are listed at this moment, server by server, so that tools in use
   * keep running; if this fails halfway, the setting is unchanged and can be set again.
   * @param policy null: only the caller's right is checked
   * @throws ServiceError as `Access.requireWorkspace(caller, workspaceId, "administer")`
   */
  set(caller: Caller | null, workspaceId: string, policy: NewToolPolicy | null): Promise<void>;
}

export interface NewToolPoliciesDeps {
  db: Database;
  access: Pick<Access, "requireWorkspace">;
  /** Must be the last statement of the transaction that changes the setting. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
}

const serversAtOnce = 100;

export function createNewToolPolicies(deps: NewToolPoliciesDeps): NewToolPolicies {
  const { db, access } = deps;

  async function* listServers(workspaceId: string): AsyncGenerator<string[], void> {
    let after: string | null = null;
    for (;;) {
      const page: { id: string }[] = await db.mcpServer.findMany({
        where: { workspaceId, ...(after !== null && { id: { gt: after } }) },
        orderBy: { id: "asc" },
        take: serversAtOnce,
        select: { id: true },
      });
      const last = page.at(-1);
      if (!last) return;
      yield page.map(({ id }) => id);
      after = last.id;
    }
  }

  /**
   * @returns false if another request has set the policy in the meantime: tools that were added
   * later must be reviewed
   */
  function approveTools(serverId: string, workspaceId: string, userId: string): Promise<boolean> {
    return db.$transaction(async (tx) => {
      await lockServer(tx, serverId);
      const where = { id: workspaceId, newToolPolicy: "DENY" } as const;
      if ((await tx.workspace.count({ where })) > 0) return false;
      await approveListedTools(tx, serverId, userId);
      return true;
    }, patient);
  }

  return {
    async set(maybeCaller, workspaceId, policy) {
      const caller = await access.requireWorkspace(maybeCaller, workspaceId, "administer");
      if (policy === null) return;
      if (policy === "DENY")
        for await (const ids of listServers(workspaceId))
          for (const id of ids) if (!(await approveTools(id, workspaceId, caller.userId))) return;
      const isChanged = await db.$transaction(async (tx) => {
        const { count } = await tx.workspace.updateMany({
          where: { id: workspaceId, newToolPolicy: { not: policy } },
          data: { newToolPolicy: policy },
        });
        if (count === 0) return false;
        await deps.appendEvent(tx, {
          workspaceId,
          type: "WORKSPACE_CHANGED",
          actorId: caller.userId,
          serverId: null,
          userId: null,
          payload: { fields: ["newToolPolicy"] },
        });
        return true;
      });
      if (!isChanged) return;
      for await (const ids of listServers(workspaceId)) deps.changes.server(...ids);
      deps.changes.workspace(workspaceId);
    },
  };
}
