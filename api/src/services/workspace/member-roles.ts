import type { Changes } from "#events/changes.ts";
import type { Database, Transaction, WorkspaceRole } from "@gatehouse/prisma";
import { type Access, type Caller, isAllowed, requirePerson } from "../access/access.ts";
import { notFound, ServiceError } from "../access/service-error.ts";
import { endInvitationsOf, mayGive } from "./invitations.ts";
import type { MemberEvent } from "./members.ts";

export interface MemberRoles {
  /** Requires ADMIN; changes to and from OWNER require OWNER. @returns the id of the membership */
  change(
    caller: Caller | null,
    input: { workspaceId: string; userId: string; role: WorkspaceRole },
  ): Promise<string>;
}

export interface MemberRolesDeps {
  db: Database;
  access: Access;
  /** Must be the last statement of the transaction. */
  appendMemberEvent(tx: Transaction, event: MemberEvent): Promise<void>;
  changes: Pick<Changes, "members" | "workspace">;
}

interface LockedMembership {
  id: string;
  userId: string;
  role: WorkspaceRole;
}

/**
 * Changes roles. A lower role takes effect on every process, because each one reads the role again
 * when it is notified.
 */
export function createMemberRoles(deps: MemberRolesDeps): MemberRoles {
  const { db, access } = deps;

  /**
   * Locks both users and all owners, in the same order as the removal of a member: if two owners
   * step down at the same time, one of them stays owner.
   */
  const lock = (tx: Transaction, workspaceId: string, userIds: readonly string[]) =>
    tx.$queryRaw<LockedMembership[]>`
      SELECT "id", "userId", "role"::text AS "role" FROM "Membership"
      WHERE "workspaceId" = ${workspaceId}::uuid AND ("userId" = ANY (${userIds}::uuid[]) OR "role" = 'OWNER')
      ORDER BY "id" FOR UPDATE`;

  return {
    async change(maybeCaller, { workspaceId, userId, role }) {
      const caller = requirePerson(maybeCaller);
      await access.requireWorkspace(caller, workspaceId, "administer");
      const { id, isChanged } = await db.$transaction(async (tx) => {
        const locked = await lock(tx, workspaceId, [caller.userId, userId]);
        const member = locked.find((one) => one.userId === userId);
        const giver = locked.find((one) => one.userId === caller.userId);
        if (!member) throw notFound("member");
        // Checks the current role, because it may have changed in the meantime.
        if (!giver || !isAllowed(giver.role, "administer"))
          throw new ServiceError("FORBIDDEN", "Your role no longer allows this.");
        if (!mayGive(giver.role, role))
          throw new ServiceError("FORBIDDEN", "Only an owner can make another member an owner.");
        if (!mayGive(giver.role, member.role))
          throw new ServiceError("FORBIDDEN", "Only an owner can change an owner's role.");
        if (member.role === role) return { id: member.id, isChanged: false };
        const owners = locked.filter((one) => one.role === "OWNER");
        if (member.role === "OWNER" && owners.length === 1)
          throw new ServiceError(
            "CONFLICT",
            "A workspace needs an owner. Make another member an owner first.",
          );
        await tx.membership.update({ where: { id: member.id }, data: { role } });
        await endInvitationsOf(tx, { workspaceId, userId }, role);
        const change = "ROLE_CHANGED";
        await deps.appendMemberEvent(tx, {
          workspaceId,
          actorId: caller.userId,
          userId,
          change,
          role,
        });
        return { id: member.id, isChanged: true };
      });
      if (isChanged) {
        deps.changes.members(workspaceId);
        deps.changes.workspace(workspaceId);
      }
      return id;
    },
  };
}
