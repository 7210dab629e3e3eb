import type { Changes } from "#events/changes.ts";
import type { Database, Transaction, WorkspaceRole } from "@gatehouse/prisma";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import { type Access, type Caller, isAllowed, requirePerson } from "../access/access.ts";
import { notFound, ServiceError } from "../access/service-error.ts";
import { endInvitationsOf } from "./invitations.ts";
import { removeKeysOfMember } from "../grant/key-changes.ts";
import { patient } from "../server/server-lock.ts";
import type { Revocation } from "../grant/revocation.ts";

export interface Members {
  /** Requires ADMIN, or OWNER to remove an owner. @returns the membership that was removed */
  remove(
    caller: Caller | null,
    member: { workspaceId: string; userId: string },
  ): Promise<{ membershipId: string }>;
  leave(caller: Caller | null, workspaceId: string): Promise<{ membershipId: string }>;
}

/** A change of a membership. */
export interface MemberEvent {
  workspaceId: string;
  actorId: string;
  userId: string;
  change: "JOINED" | "ROLE_CHANGED" | "REMOVED" | "LEFT";
  /** The new role; absent for a user who is no longer a member. */
  role?: WorkspaceRole;
}

export interface MembersDeps {
  db: Database;
  access: Access;
  grants: GrantLifecycle;
  flows: FlowStore;
  revocation: Revocation;
  /** Must be the last statement of the transaction. */
  appendMemberEvent(tx: Transaction, event: MemberEvent): Promise<void>;
  changes: Pick<Changes, "flow" | "members" | "server" | "workspace">;
}

interface LockedMembership {
  id: string;
  userId: string;
  role: WorkspaceRole;
}

export function createMembers(deps: MembersDeps): Members {
  const { db, access } = deps;

  /**
   * Locks the servers first, in the same order as storing a consent: afterwards no consent of the
   * leaving user can be stored. Then locks the member and all owners, so that two owners who leave
   * at the same time do not both find another owner.
   */
  async function lock(
    tx: Transaction,
    { workspaceId, userId }: { workspaceId: string; userId: string },
  ): Promise<LockedMembership[]> {
    await tx.$queryRaw`
      SELECT 1 FROM "McpServer" WHERE "workspaceId" = ${workspaceId}::uuid ORDER BY "id" FOR NO KEY UPDATE`;
    return tx.$queryRaw<LockedMembership[]>`
      SELECT "id", "userId", "role"::text AS "role" FROM "Membership"
      WHERE "workspaceId" = ${workspaceId}::uuid AND ("userId" = ${userId}::uuid OR "role" = 'OWNER')
      ORDER BY "id" FOR UPDATE`;
  }

  /**
   * Ends the grants that a leaving user has connected, both personal and shared (regressions S12).
   */
  async function end(
    member: { workspaceId: string; userId: string },
    actorId: string,
    callerRole: WorkspaceRole | null,
  ): Promise<{ membershipId: string }> {
    const { workspaceId, userId } = member;
    const change = actorId === userId ? "LEFT" : "REMOVED";
    const outcome = await db.$transaction(async (tx) => {
      const locked = await lock(tx, member);
      const membership = locked.find((one) => one.userId === userId);
      if (!membership) throw notFound("member");
      if (membership.role === "OWNER") {
        if (change === "REMOVED" && !(callerRole && isAllowed(callerRole, "own")))
          throw new ServiceError("FORBIDDEN", "Only an owner can remove an owner.");
        if (locked.length === 1)
          throw new ServiceError(
            "CONFLICT",
            "A workspace needs an owner. Make another member an owner first.",
          );
      }
      await tx.membership.delete({ where: { id: membership.id } });
      await endInvitationsOf(tx, member, null);
      const flows = await deps.flows.failOpenOf(tx, member, "FORBIDDEN");
      const ended = await deps.grants.endOfMember(tx, member, actorId);
      const keyed = await removeKeysOfMember(tx, member);
      await tx.toolCatalog.deleteMany({
        where: { OR: [{ ownerId: userId, server: { workspaceId } }, ...ended] },
      });
      await deps.appendMemberEvent(tx, { workspaceId, actorId, userId, change });
      return {
        flows,
        serverIds: [...ended.map(({ serverId }) => serverId), ...keyed],
        membershipId: membership.id,
      };
    }, patient);
    deps.changes.members(workspaceId);
    deps.changes.server(...outcome.serverIds);
    deps.changes.flow(...outcome.flows);
    deps.changes.workspace(workspaceId);
    deps.revocation.kick();
    return { membershipId: outcome.membershipId };
  }

  return {
    async remove(maybeCaller, member) {
      const caller = requirePerson(maybeCaller);
      await access.requireWorkspace(caller, member.workspaceId, "administer");
      const role = await access.roleIn(caller, member.workspaceId);
      return end(member, caller.userId, role);
    },
    async leave(maybeCaller, workspaceId) {
      const caller = requirePerson(maybeCaller);
      if (!(await access.roleIn(caller, workspaceId))) throw notFound("workspace");
      return end({ workspaceId, userId: caller.userId }, caller.userId, null);
    },
  };
}
