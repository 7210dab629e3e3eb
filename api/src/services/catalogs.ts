import type { Database, McpServer, ToolCatalog, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "../events/log.ts";
import { listTools, type Tool } from "../mcp/catalog.ts";
import type { Failure } from "../mcp/errors.ts";
import { stripUrl } from "../oauth/secure-url.ts";
import { type Access, type Caller, ownerOf } from "./access.ts";
import type { Accounts } from "./accounts.ts";
import { readDatabaseTime } from "./database-time.ts";
import type { Stop } from "./stop.ts";
import { compareTools, describeChanges } from "./tool-changes.ts";
import { describeFailure, type OpenToolSession } from "./tool-session.ts";

export type CatalogTool = Tool;

export type DiscoveryOutcome = (
  | { kind: "tools"; tools: CatalogTool[] }
  | { kind: "failed"; message: string; failure: Failure | null }
) & {
  /** Where the question went, without its query; null: nowhere. */
  url: string | null;
  /** Of the last answer; null: there was none. */
  httpStatus: number | null;
};

export type FoundTool =
  | { tool: CatalogTool }
  /** `names` are those that there are; `failure` says why the server could not be asked. */
  | { tool: null; names: string[]; failure: { message: string; failure: Failure | null } | null };

/** What tools there are, as each account sees them: one may be shown others than the next (regressions S13). */
export interface Catalogs {
  /** For an account that can be used and has no list stored: asks the server, unless it failed a moment ago. */
  discoverMissing(serverId: string, ownerId: string): Promise<CatalogTool[]>;
  /** Asks the server now, and stores what it says or that it did not answer. */
  refresh(caller: Caller | null, serverId: string): Promise<void>;
  /** The same for an account, without a caller. */
  discover(serverId: string, ownerId: string, signal?: AbortSignal): Promise<DiscoveryOutcome>;
  /** A tool by name; the server is asked again before it is said to be missing. */
  find(server: McpServer, ownerId: string, name: string): Promise<FoundTool>;
}

export interface CatalogsDeps {
  db: Database;
  access: Access;
  accounts: Accounts;
  openSession: OpenToolSession;
  clock: { monotonicMs(): number };
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  publishWorkspace(workspaceId: string): void;
}

/** A stored list this old is asked for again before a tool is said to be missing, in milliseconds. */
const staleForMissingMs = 5_000;
const discoveryTimeoutMs = 15_000;
const failureMemoryMs = 30_000;

export function createCatalogs(deps: CatalogsDeps): Catalogs {
  const { db, access, accounts, openSession } = deps;
  /** Questions under way: whoever asks meanwhile shares the answer. */
  const discovering = new Map<string, Promise<DiscoveryOutcome>>();
  const failedAtMs = new Map<string, number>();
  const keyOf = (server: McpServer, ownerId: string) =>
    `${server.id} ${ownerId} ${server.configVersion}`;

  async function askForTools(
    server: McpServer,
    ownerId: string,
    signal?: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const askedAt = await readDatabaseTime(db);
    const timeoutMs = Math.min(server.requestTimeoutMs, discoveryTimeoutMs);
    const url = stripUrl(server.url);
    let httpStatus: number | null = null;
    const onAnswer = (status: number) => (httpStatus = status);
    const answer = await openSession({ server, ownerId, timeoutMs, signal, onAnswer }, (session) =>
      listTools(session, undefined, signal),
    );
    if (answer.kind === "tools") {
      await accounts.accepted(server, ownerId);
      await storeCatalog(server, ownerId, answer.tools, askedAt);
      await storeReachability(server.id, askedAt, null);
      return { kind: "tools", tools: answer.tools, url, httpStatus };
    }
    const message = describeFailure(answer);
    // A refusal is an answer too. Where nothing was asked, nothing was learnt.
    if (answer.kind === "refused") {
      const stop = answer.stop as Stop | null;
      if (stop?.answered) await storeReachability(server.id, askedAt, null);
    } else if (answer.kind !== "cancelled") await storeReachability(server.id, askedAt, message);
    return { kind: "failed", message, failure: answer, url, httpStatus };
  }

  const readStored = (serverId: string, ownerId: string) =>
    db.toolCatalog.findUnique({ where: { serverId_ownerId: { serverId, ownerId } } });

  /** The question asked last wins, whatever order the answers come in (regressions D11); what it changes is told. */
  async function storeCatalog(
    server: McpServer,
    ownerId: string,
    tools: CatalogTool[],
    askedAt: Date,
  ): Promise<void> {
    const changed = await db.$transaction(async (tx) => {
      const [stored] = await tx.$queryRaw<{ before: CatalogTool[] | null }[]>`
      INSERT INTO "ToolCatalog" ("id", "serverId", "ownerId", "tools", "fetchedAt")
      SELECT uuidv7(), s."id", ${ownerId}::uuid, ${JSON.stringify(tools)}::json, ${askedAt}::timestamptz
      FROM "McpServer" s WHERE s."id" = ${server.id}::uuid AND s."configVersion" = ${server.configVersion}
        -- An account that was disconnected meanwhile must not come back with its list.
        AND (s."authType" <> 'OAUTH' OR EXISTS (SELECT 1 FROM "OAuthGrant" g
          WHERE g."serverId" = s."id" AND g."ownerId" = ${ownerId}::uuid AND g."state" <> 'DISCONNECTED'))
      ON CONFLICT ("serverId", "ownerId") DO UPDATE SET "tools" = excluded."tools", "fetchedAt" = excluded."fetchedAt"
      WHERE "ToolCatalog"."fetchedAt" <= excluded."fetchedAt"
      RETURNING old."tools" AS "before"`;
      const changes = stored && compareTools(stored.before, tools);
      if (!changes) return false;
      await deps.appendEvent(tx, {
        workspaceId: server.workspaceId,
        type: "TOOLS_CHANGED",
        actorId: null,
        serverId: server.id,
        userId: ownerId === server.workspaceId ? null : ownerId,
        payload: describeChanges(changes),
      });
      return true;
    });
    if (changed) deps.publishWorkspace(server.workspaceId);
  }

  async function storeReachability(
    serverId: string,
    checkedAt: Date,
    message: string | null,
  ): Promise<void> {
    await db.mcpServer.updateMany({
      where: {
        id: serverId,
        OR: [{ reachabilityCheckedAt: null }, { reachabilityCheckedAt: { lte: checkedAt } }],
      },
      data: {
        reachability: message === null ? "REACHABLE" : "UNREACHABLE",
        reachabilityCheckedAt: checkedAt,
        reachabilityMessage: message,
      },
    });
  }

  async function askAndRemember(
    server: McpServer,
    ownerId: string,
    key: string,
    signal?: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const nowMs = deps.clock.monotonicMs();
    for (const [known, atMs] of failedAtMs)
      if (nowMs - atMs > failureMemoryMs) failedAtMs.delete(known);
    const outcome = await askForTools(server, ownerId, signal);
    if (outcome.kind === "tools") failedAtMs.delete(key);
    else failedAtMs.set(key, deps.clock.monotonicMs());
    return outcome;
  }

  function discoverOnce(
    server: McpServer,
    ownerId: string,
    signal?: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const key = keyOf(server, ownerId);
    const underWay =
      discovering.get(key) ??
      askAndRemember(server, ownerId, key, signal).finally(() => discovering.delete(key));
    discovering.set(key, underWay);
    return underWay;
  }

  function findServer(id: string): Promise<McpServer | null> {
    return db.mcpServer.findUnique({ where: { id, deletedAt: null } });
  }

  return {
    async discoverMissing(serverId, ownerId) {
      const server = await findServer(serverId);
      if (!server) return [];
      const key = keyOf(server, ownerId);
      // One that failed a moment ago is not asked again by every page that is loaded (regressions S5).
      if ((failedAtMs.get(key) ?? -Infinity) > deps.clock.monotonicMs() - failureMemoryMs)
        return [];
      if (!discovering.has(key)) {
        // One that has just ended may have stored its list since the caller looked (regressions C15).
        const stored = await readStored(serverId, ownerId);
        if (stored) return toolsOf(stored);
      }
      const fresh = await discoverOnce(server, ownerId);
      return fresh.kind === "tools" ? fresh.tools : [];
    },

    async refresh(maybeCaller, serverId) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "use");
      await discoverOnce(server, ownerOf(server, caller));
    },

    async discover(serverId, ownerId, signal) {
      const server = await findServer(serverId);
      if (server) return discoverOnce(server, ownerId, signal);
      const message = "The server is gone.";
      return { kind: "failed", message, failure: null, url: null, httpStatus: null };
    },

    async find(server, ownerId, name) {
      const stored = await readStored(server.id, ownerId);
      const known = stored ? toolsOf(stored) : [];
      const tool = known.find((one) => one.name === name);
      if (tool) return { tool };
      if (
        stored &&
        (await readDatabaseTime(db)).getTime() - stored.fetchedAt.getTime() < staleForMissingMs
      )
        return { tool: null, names: known.map((one) => one.name), failure: null };
      const fresh = await discoverOnce(server, ownerId);
      if (fresh.kind === "failed") return { tool: null, names: [], failure: fresh };
      const found = fresh.tools.find((one) => one.name === name);
      return found
        ? { tool: found }
        : { tool: null, names: fresh.tools.map((one) => one.name), failure: null };
    },
  };
}

/** As `storeCatalog` wrote them. */
function toolsOf({ tools }: ToolCatalog): CatalogTool[] {
  return tools as unknown as CatalogTool[];
}
