import type { McpServer, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import { isDeadReason, type OAuthReason } from "#oauth/state.ts";
import { type Access, type Caller, mayOnServer, ownerOf, requireCaller } from "../access/access.ts";
import type { CallRows, KnownCatalog, KnownGrant, KnownServer } from "../cache/call-caches.ts";
import { keyOfAccount, keyOfMember } from "../cache/account-key.ts";
import type { CatalogTool } from "../catalog/catalogs.ts";
import { connectsItself } from "../grant/connects-itself.ts";
import { notFound } from "../access/service-error.ts";

/** All that has to be known before a tool runs. */
export interface CallContext {
  caller: Caller;
  server: McpServer;
  /** Whose account the call goes out with: the user's own, or the workspace's. */
  ownerId: string;
  /** Why that account is of no use, as far as the database knows; null: it is, or none is needed. */
  reason: OAuthReason | null;
  /** The stored list of that account; the same array for as long as nothing changed. Null: none is stored. */
  tools: readonly CatalogTool[] | null;
  /** When that list was asked for; null with `tools`. */
  fetchedAt: Date | null;
  /** What the workspace decided, by the tool's name; the same map for as long as nothing changed. */
  policies: ReadonlyMap<string, ToolPolicy>;
  /** How the workspace treats tools that nobody has decided about or approved. */
  newToolPolicy: NewToolPolicy;
}

export interface CallContexts {
  /**
   * What a caller's call of a server's tools needs. At once, without a promise, where all of it is remembered and in order; what would
   * keep the call from going out (a role too low, a server that is off, a dead account) is never said from memory, but looked up.
   * @throws ServiceError as `Access.requireServer(caller, serverId, "use")`
   */
  read(caller: Caller | null, serverId: string): CallContext | Promise<CallContext>;
}

export interface CallContextsDeps {
  access: Pick<Access, "requireServer">;
  rows: CallRows;
}

export function createCallContexts({ access, rows }: CallContextsDeps): CallContexts {
  /** Null: something is not remembered, or would keep the call from going out. */
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
    // What is remembered may be older than a right just given: who says no looks, and says why.
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

/** Suspended accounts and those with too narrow a token are asked for: the server may relent, or another tool do with less. */
function reasonOf(server: McpServer, grant: KnownGrant | null): OAuthReason | null {
  if (server.authType !== "OAUTH" || connectsItself(server, grant)) return null;
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
