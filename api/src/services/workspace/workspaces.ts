import type { Changes } from "#events/changes.ts";
import { randomBytes } from "node:crypto";
import type { Database, Transaction, Workspace } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import { type Access, type Caller, requirePerson } from "../access/access.ts";
import { InputFaults } from "../access/service-error.ts";
import { checkName } from "../access/input.ts";
import type { MemberEvent } from "./members.ts";
import type { Quotas } from "#config/limits.ts";
import { requireQuota } from "../access/quotas.ts";

export interface Workspaces {
  create(caller: Caller | null, input: { name: string }): Promise<Workspace>;
  /** Requires ADMIN. The slug does not change, so that existing URLs stay valid. */
  rename(caller: Caller | null, id: string, name: string): Promise<void>;
  /** Every user has at least one workspace of their own, which is created at sign-up. */
  ensureOwn(user: { id: string; name: string }): Promise<void>;
}

export interface WorkspacesDeps {
  db: Database;
  access: Access;
  quotas: Pick<Quotas, "workspacesPerUser">;
  /** Must be the last statement of the transaction. */
  appendMemberEvent(tx: Transaction, event: MemberEvent): Promise<void>;
  /** Appends any event; must be the last statement of the transaction. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "workspace">;
}

/**
 * Letters and digits of the name, followed by a random suffix that cannot be guessed and does not
 * collide.
 */
function makeSlug(name: string): string {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
  return [words, randomBytes(4).toString("hex")].filter(Boolean).join("-");
}

export function createWorkspaces(deps: WorkspacesDeps): Workspaces {
  const { db, access, quotas, appendMemberEvent } = deps;

  /** The first event of the log is the membership of its owner. */
  async function createFor(tx: Transaction, userId: string, name: string): Promise<Workspace> {
    const { id: workspaceId } = await tx.workspace.create({
      data: { name, slug: makeSlug(name), memberships: { create: { userId, role: "OWNER" } } },
    });
    await appendMemberEvent(tx, {
      workspaceId,
      actorId: userId,
      userId,
      change: "JOINED",
      role: "OWNER",
    });
    // Read again, to include the current end of its log.
    return tx.workspace.findUniqueOrThrow({ where: { id: workspaceId } });
  }

  return {
    async create(maybeCaller, input) {
      const caller = requirePerson(maybeCaller);
      const faults = new InputFaults();
      const name = checkName(faults, "name", input.name);
      faults.throwIfAny();
      const { workspacesPerUser: limit } = quotas;
      return db.$transaction(async (tx) => {
        await requireQuota(
          tx,
          { quota: "workspacesPerUser", limit, ownerId: caller.userId },
          () => tx.membership.count({ where: { userId: caller.userId, role: "OWNER" } }),
          `You own ${limit} workspaces, which is the limit. Delete one that is no longer needed.`,
        );
        return createFor(tx, caller.userId, name);
      });
    },
    async rename(maybeCaller, id, typed) {
      const caller = await access.requireWorkspace(maybeCaller, id, "administer");
      const faults = new InputFaults();
      const name = checkName(faults, "name", typed);
      faults.throwIfAny();
      const isChanged = await db.$transaction(async (tx) => {
        const where = { id, name: { not: name } };
        const { count } = await tx.workspace.updateMany({ where, data: { name } });
        if (count === 0) return false;
        await deps.appendEvent(tx, {
          workspaceId: id,
          type: "WORKSPACE_CHANGED",
          actorId: caller.userId,
          serverId: null,
          userId: null,
          payload: { fields: ["name"] },
        });
        return true;
      });
      if (isChanged) deps.changes.workspace(id);
    },
    async ensureOwn(user) {
      await db.$transaction(async (tx) => {
        // Two concurrent first sign-ins create only one workspace.
        await tx.$queryRaw`SELECT 1 FROM "User" WHERE "id" = ${user.id}::uuid FOR UPDATE`;
        const owned = await tx.membership.count({ where: { userId: user.id, role: "OWNER" } });
        const owner = user.name.trim().slice(0, 80);
        if (owned === 0)
          await createFor(tx, user.id, owner ? `${owner}'s workspace` : "My workspace");
      });
    },
  };
}
