import { NIL } from "uuid";
import type {
  ApiTokenScope,
  CredentialScope,
  Database,
  McpServer,
  WorkspaceRole,
} from "@gatehouse/prisma";
import { notFound, ServiceError } from "./service-error.ts";

/** The authenticated caller. Null stands for an anonymous caller. */
export interface Caller {
  userId: string;
  /** The API token that acts on behalf of the user; absent if the user is signed in. */
  apiToken?: { id: string; workspaceId: string; scope: ApiTokenScope };
}

export type Action =
  /** Workspace, members, servers, tools, the state of shared accounts. */
  | "see"
  /** Run tools with a personal or shared account; diagnose servers. */
  | "use"
  /** Connect and disconnect a personal account. */
  | "connect"
  /** Manage servers, consents for shared accounts, and the events of all users. */
  | "administer"
  /** Delete the workspace and manage owners. */
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

/**
 * The table of roles, which is the only place that decides. `requireWorkspace` adds the limits of
 * API tokens.
 */
export function isAllowed(role: WorkspaceRole, action: Action): boolean {
  return rank[role] >= rank[least[action].role];
}

/** The roles that may perform the action. */
export function rolesAllowed(action: Action): WorkspaceRole[] {
  return (Object.keys(rank) as WorkspaceRole[]).filter((role) => isAllowed(role, action));
}

/**
 * The permission that is required to give, repeat or end a consent. A shared account concerns the
 * whole workspace.
 */
export function consentAction(scope: CredentialScope): Action {
  return scope === "WORKSPACE" ? "administer" : "connect";
}

/** The Prisma condition for a workspace that the caller may see. Anonymous callers may see none. */
export function visibleTo(caller: Caller | null) {
  const userId = caller?.userId ?? NIL;
  const workspaceId = caller?.apiToken?.workspaceId;
  return { memberships: { some: { userId } }, ...(workspaceId && { id: workspaceId }) };
}

/** The owner of the account that a caller's calls use: the user, or the workspace. */
export function ownerOf(
  server: Pick<McpServer, "credentialScope" | "workspaceId">,
  caller: Caller,
): string {
  return server.credentialScope === "WORKSPACE" ? server.workspaceId : caller.userId;
}

export interface Access {
  roleIn(caller: Caller | null, workspaceId: string): Promise<WorkspaceRole | null>;
  /**
   * @throws ServiceError UNAUTHENTICATED, NOT_FOUND for callers who are not members, FORBIDDEN for
   * a role that is too low
   */
  requireWorkspace(caller: Caller | null, workspaceId: string, action: Action): Promise<Caller>;
  /**
   * Does the same for a server; `action` may depend on it. A deleted server is not found, except by
   * callers who may restore it.
   */
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

/**
 * For actions that API tokens may never perform, whatever their scope: creating tokens, changing
 * members, leaving the workspace.
 */
export function requirePerson(maybeCaller: Caller | null): Caller {
  const caller = requireCaller(maybeCaller);
  if (caller.apiToken)
    throw new ServiceError("FORBIDDEN", "An API token cannot be used for this. Sign in instead.");
  return caller;
}

function isInReach({ apiToken }: Caller, action: Action): boolean {
  return !apiToken || reach[apiToken.scope] >= reach[least[action].scope];
}

/**
 * The same decision as `Access.requireServer`, for rows that were read elsewhere, but without the
 * reason for a rejection.
 */
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
        `Your role (${role}) does not allow this. Required: ${needed.role}.`,
      );
    if (!isInReach(caller, action))
      throw new ServiceError(
        "FORBIDDEN",
        `The API token's scope (${caller.apiToken?.scope}) does not allow this. Required: ${needed.scope}.`,
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
