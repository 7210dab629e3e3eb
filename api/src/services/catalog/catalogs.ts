import { LRUCache } from "lru-cache";
import type { Database, McpServer } from "@gatehouse/prisma";
import type { Tool } from "#mcp/calls/catalog.ts";
import type { Failure } from "#mcp/connection/classify-error.ts";
import { type Access, type Caller, ownerOf } from "../access/access.ts";
import { readDatabaseTime } from "../access/database-time.ts";
import {
  createCatalogRefresh,
  type CatalogRefreshDeps,
  type DiscoveryOutcome,
  keyOf,
  offersKeyOf,
} from "./catalog-refresh.ts";
import { createListChangedDebounce } from "./list-changed-debounce.ts";
import type { CachedFailure } from "./failure-cache.ts";
import { createSingleFlight } from "#async/single-flight.ts";
import type { CatalogAccount, StoredOffers, StoredTools } from "./stored-catalogs.ts";

export type CatalogTool = Tool;

export type FoundTool =
  | { tool: CatalogTool }
  /**
   * `names` are the names of the existing tools; `failure` is the reason why the server could not
   * be asked.
   */
  | { tool: null; names: string[]; failure: { message: string; failure: Failure | null } | null };

/**
 * The tools of each account at a server. A server can show different tools to different accounts
 * (regressions S13).
 */
export interface Catalogs extends Disposable {
  /** Reads the stored lists of any number of accounts, in one statement each. */
  readTools(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredTools[]>;
  readOffers(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredOffers[]>;
  /**
   * Requests the list for a usable account that has none stored, unless the last request failed
   * recently.
   */
  discoverMissing(account: CatalogAccount): Promise<void>;
  /** Does the same for resources and prompts. */
  discoverOffers(account: CatalogAccount): Promise<void>;
  /**
   * Requests a stale list in the background, unless a request is in progress, failed recently, or
   * the server is disabled.
   */
  refreshInBackground(account: CatalogAccount): void;
  /** Refreshes a stale list in the background when a call uses it, even if no user views it. */
  noteUse(account: CatalogAccount, fetchedAt: Date): void;
  /**
   * Called when a server reports that a list has changed. Requests the list soon, and once for
   * several notifications.
   */
  noteListChanged(account: CatalogAccount): void;
  /**
   * Why the last request of this process for this account failed; null if it succeeded or there was
   * none.
   */
  lastFailure(account: CatalogAccount): CachedFailure | null;
  /**
   * Requests the list immediately and stores it. If the server rejects the request, the stored list
   * stays, and `lastFailure` returns the reason.
   */
  refresh(caller: Caller | null, serverId: string): Promise<void>;
  /** Does the same for an account, without a caller. */
  discover(serverId: string, ownerId: string): Promise<DiscoveryOutcome>;
  /** Finds a tool by name. The list is requested again before the tool is reported as missing. */
  find(server: McpServer, ownerId: string, name: string): Promise<FoundTool>;
}

export interface CatalogsDeps extends CatalogRefreshDeps {
  db: Database;
  access: Access;
}

/**
 * A stored list of at least this age is requested again before a tool is reported as missing, in
 * milliseconds.
 */
const staleForMissingMs = 5_000;
/** The minimum time between two checks of whether a list in use is stale, in milliseconds. */
const usedUnseenMs = 60_000;
const mostUsesSeen = 10_000;

export function createCatalogs(deps: CatalogsDeps): Catalogs {
  const { db, access, stored } = deps;
  const discoveries = createCatalogRefresh(deps);
  const { failures } = discoveries;
  const changes = createListChangedDebounce(deps.clock);
  const looks = createSingleFlight<void>();
  /** The lists in use that were checked recently. */
  const usesSeen = new LRUCache<string, true>({
    max: mostUsesSeen,
    ttl: usedUnseenMs,
    perf: { now: () => deps.clock.monotonicMs() },
  });

  function findServer(id: string): Promise<McpServer | null> {
    return db.mcpServer.findUnique({ where: { id, deletedAt: null } });
  }

  /**
   * Requests the list if no stored list is usable. Concurrent callers share the request: a list
   * that has just arrived may be new to a caller that wants to request it (regressions C15). After
   * a recent failure, page loads do not repeat the request (regressions S5).
   */
  function askUnless(isGood: (known: StoredTools) => boolean, account: CatalogAccount) {
    return looks.share(keyOf(account), async () => {
      const server = await findServer(account.serverId);
      if (!server?.enabled || failures.isFresh(keyOf(account), server.configVersion)) return;
      const [known] = await stored.readTools([account]);
      if (!known || !isGood(known)) await discoveries.tools(server, account.ownerId);
    });
  }

  /** No caller waits for this. */
  const refreshInBackground = (account: CatalogAccount) =>
    deps.background.start("refresh of tools", () => askUnless(({ isStale }) => !isStale, account));

  return {
    readTools: stored.readTools,
    readOffers: stored.readOffers,
    lastFailure: (account) => failures.read(keyOf(account)) ?? failures.read(offersKeyOf(account)),

    discoverMissing: (account) => askUnless(() => true, account),

    async discoverOffers(account) {
      const server = await findServer(account.serverId);
      if (!server || failures.isFresh(offersKeyOf(account), server.configVersion)) return;
      // Resources and prompts are stored with the tools.
      await askUnless(() => true, account);
      await discoveries.offers(server, account.ownerId);
    },

    refreshInBackground,

    noteUse(account, fetchedAt) {
      // The clock of this process is precise enough for this, because the check is only a hint.
      if (deps.clock.now().getTime() - fetchedAt.getTime() < usedUnseenMs) return;
      const key = keyOf(account);
      if (usesSeen.has(key)) return;
      usesSeen.set(key, true);
      refreshInBackground(account);
    },

    noteListChanged: (account) =>
      changes.note(keyOf(account), () =>
        deps.background.start("refresh of changed lists", async () => {
          const server = await findServer(account.serverId);
          if (server?.enabled) await discoveries.tools(server, account.ownerId, "anew");
        }),
      ),

    async refresh(maybeCaller, serverId) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "use");
      await discoveries.tools(server, ownerOf(server, caller));
    },

    async discover(serverId, ownerId) {
      const server = await findServer(serverId);
      if (server) return discoveries.tools(server, ownerId);
      const message = "The server has been deleted.";
      return { kind: "failed", message, failure: null, url: null, httpStatus: null };
    },

    async find(server, ownerId, name) {
      const [known] = await stored.readTools([{ serverId: server.id, ownerId }]);
      const tool = known?.tools.find((one) => one.name === name);
      if (tool) return { tool };
      if (
        known &&
        (await readDatabaseTime(db)).getTime() - known.fetchedAt.getTime() < staleForMissingMs
      )
        return { tool: null, names: known.tools.map((one) => one.name), failure: null };
      const fresh = await discoveries.tools(server, ownerId);
      if (fresh.kind === "failed") return { tool: null, names: [], failure: fresh };
      const found = fresh.tools.find((one) => one.name === name);
      return found
        ? { tool: found }
        : { tool: null, names: fresh.tools.map((one) => one.name), failure: null };
    },

    [Symbol.dispose]: () => changes[Symbol.dispose](),
  };
}
