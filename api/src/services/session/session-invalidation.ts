import { LRUCache } from "lru-cache";
import type { Database } from "@gatehouse/prisma";
import type { SessionPool } from "#mcp/pool/session-pool.ts";
import type { PoolKey } from "#mcp/pool/pool-key.ts";
import { rolesAllowed } from "../access/access.ts";

/**
 * Ends pooled sessions in this process when a server, an account or a membership has changed
 * (regressions S3).
 */
export interface SessionInvalidation extends Disposable {
  /**
   * Call it before a session is created with a connected account. From then on a new consent or key,
   * or its end, ends the session.
   */
  watchAccount(account: AccountToWatch): Promise<void>;
}

export interface SessionInvalidationDeps {
  db: Database;
  pool: Pick<SessionPool, "evict" | "evictAll" | "list">;
  /**
   * Calls back with the part after the colon of each topic of a kind, and with null if
   * notifications may have been lost.
   */
  onTopic(
    kind: "server" | "members" | "grant",
  ): (listener: (id: string | null) => void) => () => void;
  onError(error: unknown): void;
}

export interface AccountToWatch {
  /** Whether the account uses OAuth or a key. */
  kind: "grant" | "key";
  serverId: string;
  ownerId: string;
}

interface WatchedAccount extends AccountToWatch {
  /** The time of the consent, or the version of the key. Null: the account is disconnected. */
  identity: string | null;
}

type AccountWhere = { id: string } | { serverId_ownerId: { serverId: string; ownerId: string } };

/** Above this number the account that was used longest ago is dropped, together with its session. */
const maxWatched = 10_000;

export function createSessionInvalidation(deps: SessionInvalidationDeps): SessionInvalidation {
  const { db, pool } = deps;
  /**
   * By the id of the grant or key. A refreshed token does not affect a session, but a new consent may be
   * for another account.
   */
  const watched = new LRUCache<string, WatchedAccount>({
    max: maxWatched,
    dispose(account, _grantId, reason) {
      if (reason === "evict") pool.evict(account);
    },
  });

  async function checkServer(serverId: string): Promise<void> {
    const sessions = pool.list().filter((key) => key.serverId === serverId);
    if (sessions.length === 0) return;
    const server = await db.mcpServer.findUnique({ where: { id: serverId, deletedAt: null } });
    const isCurrent = ({ configVersion, authType }: PoolKey) =>
      server?.enabled && server.configVersion === configVersion && server.authType === authType;
    for (const key of sessions) if (!isCurrent(key)) pool.evict(key);
  }

  async function readAccount(kind: WatchedAccount["kind"], where: AccountWhere) {
    if (kind === "key") {
      const key = await db.serverKey.findUnique({ where, select: { id: true, version: true } });
      return key && { id: key.id, identity: `${key.version}` };
    }
    const grant = await db.oAuthGrant.findUnique({
      where,
      select: { id: true, state: true, connectedAt: true },
    });
    const identity =
      grant?.state === "DISCONNECTED" ? null : `${grant?.connectedAt?.getTime() ?? "-"}`;
    return grant && { id: grant.id, identity };
  }

  async function checkAccount(id: string): Promise<void> {
    const kind = watched.get(id)?.kind;
    if (!kind) return;
    const present = await readAccount(kind, { id });
    // The current account, because a session may have been created with the new consent in the
    // meantime.
    const account = watched.get(id);
    if (!account) return;
    if (present && present.identity !== null && present.identity === account.identity) return;
    watched.delete(id);
    pool.evict(account);
  }

  async function checkMembers(workspaceId: string): Promise<void> {
    const ids = [...new Set(pool.list().map(({ serverId }) => serverId))];
    const servers = await db.mcpServer.findMany({
      where: { workspaceId, id: { in: ids } },
      select: { id: true },
    });
    const own = new Set(servers.map(({ id }) => id));
    const sessions = pool.list().filter(({ serverId }) => own.has(serverId));
    const members = await db.membership.findMany({
      where: {
        workspaceId,
        userId: { in: sessions.map(({ ownerId }) => ownerId) },
        role: { in: rolesAllowed("use") },
      },
      select: { userId: true },
    });
    const allowed = new Set(members.map(({ userId }) => userId));
    for (const key of sessions)
      if (key.ownerId !== workspaceId && !allowed.has(key.ownerId)) pool.evict(key);
    // Shared accounts that a leaving user connected end together with the membership.
    const affected = [...watched].filter(([, { serverId }]) => own.has(serverId));
    for (const [grantId] of affected) await checkAccount(grantId);
  }

  function react(check: (id: string) => Promise<void>, id: string | null): void {
    if (id === null) return evictAll();
    check(id).catch((error: unknown) => {
      // If the database cannot be read, all sessions end.
      evictAll();
      deps.onError(error);
    });
  }

  function evictAll(): void {
    watched.clear();
    pool.evictAll();
  }

  const stops = [
    deps.onTopic("server")((id) => react(checkServer, id)),
    deps.onTopic("grant")((id) => react(checkAccount, id)),
    deps.onTopic("members")((id) => react(checkMembers, id)),
  ];

  return {
    async watchAccount({ kind, serverId, ownerId }) {
      const found = await readAccount(kind, { serverId_ownerId: { serverId, ownerId } });
      if (found) watched.set(found.id, { kind, serverId, ownerId, identity: found.identity });
    },
    [Symbol.dispose]() {
      for (const stop of stops) stop();
    },
  };
}
