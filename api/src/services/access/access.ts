import type {
  ApiTokenScope,
  CredentialScope,
  Database,
  McpServer,
  WorkspaceRole,
} from "@gatehouse/prisma";
import { notFound, ServiceError } from "./service-error.ts";

/** Who calls. Null stands for nobody. */
export interface Caller {
  userId: string;
  /** The API token that acts for the user; absent when the person is signed in. */
  apiToken?: { id: string; workspaceId: string; scope: ApiTokenScope };
}

export type Action =
  /** Workspace, members, servers, tools, the state of shared accounts. */
  | "see"
  /** Run tools with one's own account or a shared one; diagnose. */
  | "use"
  /** Connect and disconnect one's own account. */
  | "connect"
  /** Servers, consent for shared accounts, everybody's events. */
  | "administer"
  /** Deletion of the workspace, owners. */
  | "own";

const rank: Record<WorkspaceRole, number> = { VIEWER: 0, MEMBER: 1, ADMIN: 2, OWNER: 3 };
const reach: Record<ApiTokenScope, number> = { READ: 0, EXECUTE: 1, MANAGE: 2 };
const least: Record<Action, { role: WorkspaceRole; scope: ApiTokenScope }> = {
  see: { role: "VIEWER", scope: "READ" },
  use: { role: "MEMBER", scope: "EXECUTE" },
  connect: { role: "MEMBER", scope: "MANAGE" },
  administer: { role: "ADMIN", scope: "MANAGE" },
  own: { role: "OWNER", scope: "MANAGE" },
};

/** The table of roles: the one place that decides. What an API token may do besides, `requireWorkspace` says. */
export function isAllowed(role: WorkspaceRole, action: Action): boolean {
  return rank[role] >= rank[least[action].role];
}

/** The roles that may. */
export function rolesAllowed(action: Action): WorkspaceRole[] {
  return (Object.keys(rank) as WorkspaceRole[]).filter((role) => isAllowed(role, action));
}

/** What giving, renewing or ending consent needs: a shared account concerns everybody. */
export function consentAction(scope: CredentialScope): Action {
  return scope === "WORKSPACE" ? "administer" : "connect";
}

/** Prisma's condition for a workspace that the caller may see; nobody may see none. */
export function visibleTo(caller: Caller | null) {
  const userId = caller?.userId ?? "00000000-0000-0000-0000-000000000000";
  const workspaceId = caller?.apiToken?.workspaceId;
  return { memberships: { some: { userId } }, ...(workspaceId && { id: workspaceId }) };
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

/** For what no API token may do, whatever its scope: make tokens, change members, leave its workspace. */
export function requirePerson(maybeCaller: Caller | null): Caller {
  const caller = requireCaller(maybeCaller);
  if (caller.apiToken)
    throw new ServiceError("FORBIDDEN", "An API token cannot do this: sign in yourself.");
  return caller;
}

function isInReach({ apiToken }: Caller, action: Action): boolean {
  return !apiToken || reach[apiToken.scope] >= reach[least[action].scope];
}

/** What `Access.requireServer` decides, of rows that were read elsewhere; why not, that one says. */
export function mayOnServer(
  caller: Caller,
  { workspaceId }: Pick<McpServer, "workspaceId">,
  role: WorkspaceRole,
  action: Action,
): boolean {
  const isItsWorkspace = !caller.apiToken || caller.apiToken.workspaceId === workspaceId;
  return isItsWorkspace && isAllowed(role, action) && isInReach(caller, action);
}

export function createAccess(db: Database): Access {
  function requireRight(caller: Caller, role: WorkspaceRole, action: Action): void {
    const needed = least[action];
    if (!isAllowed(role, action))
      throw new ServiceError(
        "FORBIDDEN",
        `Your role (${role}) does not allow this; it needs ${needed.role}.`,
      );
    if (!isInReach(caller, action))
      throw new ServiceError(
        "FORBIDDEN",
        `The API token's scope (${caller.apiToken?.scope}) does not allow this; it needs ${needed.scope}.`,
      );
  }

  return {
    async roleIn(caller, workspaceId) {
      if (!caller || (caller.apiToken && caller.apiToken.workspaceId !== workspaceId)) return null;
      const membership = await db.membership.findUnique({
        where: { workspaceId_userId: { workspaceId, userId: caller.userId } },
      });
      return membership?.role ?? null;
    },
    async requireWorkspace(maybeCaller, workspaceId, action) {
      const caller = requireCaller(maybeCaller);
      const role = await this.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      requireRight(caller, role, action);
      return caller;
    },
    async requireServer(maybeCaller, serverId, action, { includeDeleted = false } = {}) {
      const caller = requireCaller(maybeCaller);
      const found = await db.mcpServer.findFirst({
        where: {
          id: serverId,
          ...(includeDeleted ? {} : { deletedAt: null }),
          workspace: visibleTo(caller),
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
      requireRight(caller, role, typeof action === "function" ? action(server) : action);
      return { caller, server };
    },
  };
}
