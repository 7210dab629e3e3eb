import type { CredentialScope, Database, McpServer, WorkspaceRole } from "@gatehouse/prisma";
import { notFound, ServiceError } from "./errors.ts";

/** Who calls. Null stands for nobody. */
export interface Caller {
  userId: string;
}

export type Action =
  /** Workspace, members, servers, tools, the state of shared accounts. */
  | "see"
  /** Connect, disconnect and run tools with one's own account; run tools of shared ones; diagnose. */
  | "use"
  /** Servers, consent for shared accounts, everybody's events. */
  | "administer"
  /** Deletion of the workspace, owners. */
  | "own";

const rank: Record<WorkspaceRole, number> = { VIEWER: 0, MEMBER: 1, ADMIN: 2, OWNER: 3 };
const least: Record<Action, WorkspaceRole> = {
  see: "VIEWER",
  use: "MEMBER",
  administer: "ADMIN",
  own: "OWNER",
};

/** The table of roles: the one place that decides. */
export function isAllowed(role: WorkspaceRole, action: Action): boolean {
  return rank[role] >= rank[least[action]];
}

/** What giving, renewing or ending consent needs: a shared account concerns everybody. */
export function consentAction(scope: CredentialScope): Action {
  return scope === "WORKSPACE" ? "administer" : "use";
}

/** Whose account a caller's calls run with: the user's own, or the workspace's. */
export function ownerOf(
  server: Pick<McpServer, "credentialScope" | "workspaceId">,
  caller: Caller,
): string {
  return server.credentialScope === "WORKSPACE" ? server.workspaceId : caller.userId;
}

export interface Access {
  roleIn(caller: Caller | null, workspaceId: string): Promise<WorkspaceRole | null>;
  /** @throws ServiceError UNAUTHENTICATED, NOT_FOUND for whoever is no member, FORBIDDEN for a role too low. */
  requireWorkspace(caller: Caller | null, workspaceId: string, action: Action): Promise<Caller>;
  /** The same for a server; `action` may depend on it. A deleted one does not exist, but for who may still bring it back. */
  requireServer(
    caller: Caller | null,
    serverId: string,
    action: Action | ((server: McpServer) => Action),
    options?: { includeDeleted?: boolean },
  ): Promise<{ caller: Caller; server: McpServer }>;
}

export function requireCaller(caller: Caller | null): Caller {
  if (!caller) throw new ServiceError("UNAUTHENTICATED", "Sign in first.");
  return caller;
}

export function createAccess(db: Database): Access {
  function requireRole(role: WorkspaceRole, action: Action): void {
    if (!isAllowed(role, action))
      throw new ServiceError(
        "FORBIDDEN",
        `Your role (${role}) does not allow this; it needs ${least[action]}.`,
      );
  }

  return {
    async roleIn(caller, workspaceId) {
      if (!caller) return null;
      const membership = await db.membership.findUnique({
        where: { workspaceId_userId: { workspaceId, userId: caller.userId } },
      });
      return membership?.role ?? null;
    },
    async requireWorkspace(maybeCaller, workspaceId, action) {
      const caller = requireCaller(maybeCaller);
      const role = await this.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      requireRole(role, action);
      return caller;
    },
    async requireServer(maybeCaller, serverId, action, { includeDeleted = false } = {}) {
      const caller = requireCaller(maybeCaller);
      const found = await db.mcpServer.findFirst({
        where: {
          id: serverId,
          ...(includeDeleted ? {} : { deletedAt: null }),
          workspace: { memberships: { some: { userId: caller.userId } } },
        },
        include: {
          workspace: {
            select: { memberships: { where: { userId: caller.userId }, select: { role: true } } },
          },
        },
      });
      const role = found?.workspace.memberships[0]?.role;
      if (!found || !role) throw notFound("server");
      const { workspace: _, ...server } = found;
      requireRole(role, typeof action === "function" ? action(server) : action);
      return { caller, server };
    },
  };
}
