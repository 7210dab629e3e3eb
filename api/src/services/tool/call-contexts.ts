import type { McpServer, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import { isDeadReason, type OAuthReason } from "#oauth/state.ts";
import { type Access, type Caller, mayOnServer, ownerOf, requireCaller } from "../access/access.ts";
import type { CallCaches, KnownCatalog, KnownGrant, KnownServer } from "../cache/call-caches.ts";
import { keyOfAccount, keyOfMember } from "../cache/account-key.ts";
import type { CatalogTool } from "../catalog/catalogs.ts";
import { needsClientCredentials } from "../grant/needs-client-credentials.ts";
import { notFound } from "../access/service-error.ts";

/** The information that is required before a tool can run. */
export interface CallContext {
  caller: Caller;
  server: McpServer;
  /** The owner of the account that the call uses: the ID of the user, or of the workspace. */
  ownerId: string;
  /** The reason that the account cannot be used according to the database. Null if it can be used or no account is required. */
  reason: OAuthReason | null;
  /** The stored tool list of the account; the same array as long as nothing changes. Null if no list is stored. */
  tools: readonly CatalogTool[] | null;
  /** The time at which the list was requested. Null if `tools` is null. */
  fetchedAt: Date | null;
  /** The workspace's policies by tool name; the same map as long as nothing changes. */
  policies: ReadonlyMap<string, ToolPolicy>;
  /** How the workspace treats tools without a decision or an approval. */
  newToolPolicy: NewToolPolicy;
}

export interface CallContexts {
  /**
   * Returns what a call of a server's tools requires. Returns synchronously if everything is cached and the call is allowed. A reason to
   * reject the call (an insufficient role, a disabled server, an account without a valid grant) is never taken from the cache but checked
   * against the database.
   * @throws ServiceError as `Access.requireServer(caller, serverId, "use")`
   */
  read(caller: Caller | null, serverId: string): CallContext | Promise<CallContext>;
}

export interface CallContextsDeps {
  access: Pick<Access, "requireServer">;
  rows: CallCaches;
}

export function createCallContexts({ access, rows }: CallContextsDeps): CallContexts {
  /** Returns null if something is not cached or the cached state would reject the call. */
  function recall(caller: Caller, serverId: string): CallContext | null {
    const known = rows.servers.recall(serverId);
    if (!known?.server.enabled) return null;
    const { server } = known;
    const role = rows.roles.recall(keyOfMember(server.workspaceId, caller))?.role;
    if (!role || !mayOnServer(caller, server, role, "use")) return null;
    const ownerId = ownerOf(server, caller);
    const account = keyOfAccount(serverId, ownerId);
    const catalog = rows.catalogs.recall(account);
    if (!catalog) return null;
    if (server.authType === "OAUTH") {
      const grant = rows.grants.recall(account);
      if (!grant || reasonOf(server, grant) !== null) return null;
    }
    return describe(caller, known, ownerId, null, catalog);
  }

  async function readServer(caller: Caller, serverId: string): Promise<KnownServer> {
    const known = await rows.servers.read(serverId);
    const key = known && keyOfMember(known.server.workspaceId, caller);
    const role = key && (await rows.roles.read(key))?.role;
    if (known?.server.enabled && role && mayOnServer(caller, known.server, role, "use"))
      return known;
    // The cache may not contain a permission that was just granted, so a rejection is checked against the database, which also determines
    // its reason.
    await access.requireServer(caller, serverId, "use");
    rows.roles.forget((other) => other === key);
    const present = await rows.servers.reload(serverId);
    if (!present) throw notFound("server");
    return present;
  }

  async function readReason(server: McpServer, account: string): Promise<OAuthReason | null> {
    if (server.authType !== "OAUTH") return null;
    const reason = reasonOf(server, await rows.grants.read(account));
    return reason === null ? null : reasonOf(server, await rows.grants.reload(account));
  }

  async function look(caller: Caller, serverId: string): Promise<CallContext> {
    const known = await readServer(caller, serverId);
    const ownerId = ownerOf(known.server, caller);
    const account = keyOfAccount(serverId, ownerId);
    const [reason, catalog] = await Promise.all([
      readReason(known.server, account),
      rows.catalogs.read(account),
    ]);
    return describe(caller, known, ownerId, reason, catalog);
  }

  return {
    read(maybeCaller, serverId) {
      const caller = requireCaller(maybeCaller);
      return recall(caller, serverId) ?? look(caller, serverId);
    },
  };
}

/**
 * Suspended accounts and accounts with insufficient scopes are not rejected here: the server may accept the token again, or the tool may
 * need fewer scopes.
 */
function reasonOf(server: McpServer, grant: KnownGrant | null): OAuthReason | null {
  if (server.authType !== "OAUTH" || needsClientCredentials(server, grant)) return null;
  if (!grant || grant.state === "DISCONNECTED") return grant?.reason ?? "NOT_CONNECTED";
  return isDeadReason(grant.reason) ? grant.reason : null;
}

function describe(
  caller: Caller,
  { server, policies, newToolPolicy }: KnownServer,
  ownerId: string,
  reason: OAuthReason | null,
  catalog: KnownCatalog | null,
): CallContext {
  const { tools, fetchedAt } = catalog ?? { tools: null, fetchedAt: null };
  return { caller, server, ownerId, reason, tools, fetchedAt, policies, newToolPolicy };
}
