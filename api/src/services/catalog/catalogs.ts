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
  /** `names` are those that there are; `failure` says why the server could not be asked. */
  | { tool: null; names: string[]; failure: { message: string; failure: Failure | null } | null };

/** What tools there are, as each account sees them: one may be shown others than the next (regressions S13). */
export interface Catalogs extends Disposable {
  /** What is stored, for any number of accounts in one statement each. */
  readTools(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredTools[]>;
  readOffers(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredOffers[]>;
  /** For an account that can be used and has no list stored: asks the server, unless it failed a moment ago. */
  discoverMissing(account: CatalogAccount): Promise<void>;
  /** The same for resources and prompts. */
  discoverOffers(account: CatalogAccount): Promise<void>;
  /** Asks the server behind the answer, for a list that is stale; unless it is being asked, failed a moment ago or is switched off. */
  renew(account: CatalogAccount): void;
  /** A call goes by the list that was asked for then: it is renewed behind when it is stale, though nobody looks at it. */
  noteUse(account: CatalogAccount, fetchedAt: Date): void;
  /** For a server that says that a list has changed: asks soon, and once for many words of it. */
  noteListChanged(account: CatalogAccount): void;
  /** Why this process had no answer when it last asked as this account; null: it had, or never asked. */
  lastFailure(account: CatalogAccount): CachedFailure | null;
  /** Asks the server now, and stores what it says; what it refuses leaves the stored list, and is told by `lastFailure`. */
  refresh(caller: Caller | null, serverId: string): Promise<void>;
  /** The same for an account, without a caller. */
  discover(serverId: string, ownerId: string): Promise<DiscoveryOutcome>;
  /** A tool by name; the server is asked again before it is said to be missing. */
  find(server: McpServer, ownerId: string, name: string): Promise<FoundTool>;
}

export interface CatalogsDeps extends CatalogRefreshDeps {
  db: Database;
  access: Access;
}

/** A stored list this old is asked for again before a tool is said to be missing, in milliseconds. */
const staleForMissingMs = 5_000;
/** How often it is seen to that a list in use is not stale, in milliseconds. */
const usedUnseenMs = 60_000;
const mostUsesSeen = 10_000;

export function createCatalogs(deps: CatalogsDeps): Catalogs {
  const { db, access, stored } = deps;
  const discoveries = createCatalogRefresh(deps);
  const { failures } = discoveries;
  const changes = createListChangedDebounce(deps.clock);
  const looks = createSingleFlight<void>();
  /** When it was last seen to that a list in use is not stale. */
  const usesSeenMs = new Map<string, number>();

  function findServer(id: string): Promise<McpServer | null> {
    return db.mcpServer.findUnique({ where: { id, deletedAt: null } });
  }

  /**
   * Asks if nothing is stored that will do, once for all who look meanwhile: a list that has just come in may be news to whoever wants
   * it asked for (regressions C15). One that failed a moment ago is not asked again by every page that is loaded (regressions S5).
   */
  function askUnless(isGood: (known: StoredTools) => boolean, account: CatalogAccount) {
    return looks.share(keyOf(account), async () => {
      const server = await findServer(account.serverId);
      if (!server?.enabled || failures.isFresh(keyOf(account), server.configVersion)) return;
      const [known] = await stored.readTools([account]);
      if (!known || !isGood(known)) await discoveries.tools(server, account.ownerId);
    });
  }

  /** Not awaited by anybody. */
  const renewBehind = (account: CatalogAccount) =>
    deps.background.start("renewal of tools", () => askUnless(({ isStale }) => !isStale, account));

  return {
    readTools: stored.readTools,
    readOffers: stored.readOffers,
    lastFailure: (account) => failures.read(keyOf(account)) ?? failures.read(offersKeyOf(account)),

    discoverMissing: (account) => askUnless(() => true, account),

    async discoverOffers(account) {
      const server = await findServer(account.serverId);
      if (!server || failures.isFresh(offersKeyOf(account), server.configVersion)) return;
      // Resources and prompts are kept beside the tools.
      await askUnless(() => true, account);
      await discoveries.offers(server, account.ownerId);
    },

    renew: renewBehind,

    noteUse(account, fetchedAt) {
      // The clock of this process will do for a hint, and a hint once in a while.
      if (deps.clock.now().getTime() - fetchedAt.getTime() < usedUnseenMs) return;
      const key = keyOf(account);
      const nowMs = deps.clock.monotonicMs();
      if (nowMs - (usesSeenMs.get(key) ?? -Infinity) < usedUnseenMs) return;
      if (usesSeenMs.size >= mostUsesSeen) usesSeenMs.clear();
      usesSeenMs.set(key, nowMs);
      renewBehind(account);
    },

    noteListChanged: (account) =>
      changes.note(keyOf(account), () =>
        deps.background.start("renewal of changed lists", async () => {
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
      const message = "The server is gone.";
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
