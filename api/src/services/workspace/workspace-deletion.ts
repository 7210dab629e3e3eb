import type { Changes } from "#events/changes.ts";
import type { Database, Transaction, WorkspaceRole } from "@gatehouse/prisma";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { RegistrationStore } from "#storage/registration-store.ts";
import { type Access, type Caller, isAllowed, requirePerson } from "../access/access.ts";
import { InputFaults, notFound } from "../access/service-error.ts";
import { patient } from "../server/server-lock.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { Workspaces } from "./workspaces.ts";

export interface WorkspaceDeletion {
  /**
   * Requires OWNER. Deletes the workspace immediately and permanently: all grants of its servers
   * are queued for revocation, and all stored data is deleted.
   * @param name the exact name of the workspace, as a confirmation
   */
  delete(caller: Caller | null, id: string, name: string): Promise<void>;
}

export interface WorkspaceDeletionDeps {
  db: Database;
  access: Access;
  flows: FlowStore;
  grants: GrantLifecycle;
  registrations: RegistrationStore;
  revocation: Revocation;
  workspaces: Pick<Workspaces, "ensureOwn">;
  changes: Pick<Changes, "flow" | "members" | "server" | "workspace">;
}

const reason = "DISCONNECTED_BY_USER";

export function createWorkspaceDeletion(deps: WorkspaceDeletionDeps): WorkspaceDeletion {
  const { db, access } = deps;

  /**
   * Locks servers, members and the workspace, in the same order as every other transaction that
   * locks more than one of them: afterwards no consent can be stored, and no user can join.
   */
  async function lock(tx: Transaction, workspaceId: string, userId: string): Promise<string> {
    await tx.$queryRaw`
      SELECT 1 FROM "McpServer" WHERE "workspaceId" = ${workspaceId}::uuid ORDER BY "id" FOR UPDATE`;
    const members = await tx.$queryRaw<{ userId: string; role: WorkspaceRole }[]>`
      SELECT "userId", "role"::text AS "role" FROM "Membership"
      WHERE "workspaceId" = ${workspaceId}::uuid ORDER BY "id" FOR UPDATE`;
    const [workspace] = await tx.$queryRaw<{ name: string }[]>`
      SELECT "name" FROM "Workspace" WHERE "id" = ${workspaceId}::uuid FOR UPDATE`;
    const role = members.find((member) => member.userId === userId)?.role;
    if (!workspace || !role || !isAllowed(role, "own")) throw notFound("workspace");
    return workspace.name;
  }

  return {
    async delete(maybeCaller, workspaceId, typed) {
      const caller = requirePerson(maybeCaller);
      await access.requireWorkspace(caller, workspaceId, "own");
      const actorId = caller.userId;
      const { serverIds, flows } = await db.$transaction(async (tx) => {
        const name = await lock(tx, workspaceId, actorId);
        const faults = new InputFaults();
        if (typed !== name) faults.add("name", `Type the workspace's name exactly: ${name}`);
        faults.throwIfAny();
        const servers = await tx.mcpServer.findMany({
          where: { workspaceId },
          orderBy: { id: "asc" },
          select: { id: true },
        });
        const failed: string[] = [];
        for (const { id } of servers) {
          failed.push(...(await deps.flows.failOpen(tx, id, "SERVER_GONE")));
          await deps.grants.endAll(tx, id, reason, actorId);
          await deps.registrations.retireAll(tx, id, { workspaceId, actorId, reason });
        }
        await tx.workspace.delete({ where: { id: workspaceId } });
        return { serverIds: servers.map(({ id }) => id), flows: failed };
      }, patient);
      deps.changes.members(workspaceId);
      deps.changes.server(...serverIds);
      deps.changes.flow(...flows);
      deps.changes.workspace(workspaceId);
      deps.revocation.kick();
      const { id, name } = await db.user.findUniqueOrThrow({ where: { id: actorId } });
      await deps.workspaces.ensureOwn({ id, name });
    },
  };
}
