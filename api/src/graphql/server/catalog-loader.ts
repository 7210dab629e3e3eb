import DataLoader from "dataloader";
import { type Caller, ownerOf } from "#services/access/access.ts";
import type { Catalogs } from "#services/catalog/catalogs.ts";
import type {
  CatalogAccount,
  StoredOffers,
  StoredTools,
} from "#services/catalog/stored-catalogs.ts";
import type { OperationBudget } from "../budget/operation-budget.ts";
import { mostLoadedBytes as mostBytesAtOnce } from "../budget/budget-limits.ts";
import type { StatusKey, StatusLoader } from "../oauth/status-loader.ts";

/** A server whose lists are requested. */
export interface CatalogKey extends StatusKey {
  enabled: boolean;
  deletedAt: Date | null;
}

/** Null: the account has no list. */
export type CatalogLoader = DataLoader<CatalogKey, StoredTools | null, string>;
export type OffersLoader = DataLoader<CatalogKey, StoredOffers | null, string>;

export interface CatalogLoaderDeps {
  catalogs: Catalogs;
  status: StatusLoader;
  budget: OperationBudget;
}

/**
 * How long a page of servers waits for servers that are asked for the first time; the page is then
 * returned without the slower ones (regressions S5).
 */
const patienceMs = 1_000;
/** The maximum number of servers that one document contacts because no list is stored. */
const mostAskedAtOnce = 20;

/**
 * Loads the tools of any number of servers in one statement, as listed for the caller's accounts.
 */
export function createCatalogLoader(deps: CatalogLoaderDeps, caller: Caller | null): CatalogLoader {
  const { catalogs } = deps;
  return createListLoader<StoredTools>(deps, caller, {
    read: (accounts) => catalogs.readTools(accounts, mostBytesAtOnce),
    isKnown: () => true,
    ask: (account) => catalogs.discoverMissing(account),
  });
}

/** Loads resources and prompts in the same way. */
export function createOffersLoader(deps: CatalogLoaderDeps, caller: Caller | null): OffersLoader {
  const { catalogs } = deps;
  return createListLoader<StoredOffers>(deps, caller, {
    read: (accounts) => catalogs.readOffers(accounts, mostBytesAtOnce),
    isKnown: ({ resources }) => resources !== null,
    ask: (account) => catalogs.discoverOffers(account),
  });
}

interface Lists<Stored> {
  read(accounts: readonly CatalogAccount[]): Promise<Stored[]>;
  isKnown(stored: Stored): boolean;
  ask(account: CatalogAccount): Promise<void>;
}

/**
 * Stored lists are returned immediately, and refreshed in the background if they are stale. A server
 * is only waited for if no list is stored and the account can be used.
 */
function createListLoader<Stored extends CatalogAccount & { isStale: boolean; bytes: number }>(
  { catalogs, status, budget }: CatalogLoaderDeps,
  caller: Caller | null,
  lists: Lists<Stored>,
): DataLoader<CatalogKey, Stored | null, string> {
  async function canAsk(server: CatalogKey): Promise<boolean> {
    if (!server.enabled || server.authType === "UNKNOWN") return false;
    if (server.authType !== "OAUTH") return true;
    const { grant } = await status.load(server);
    return grant?.state === "CONNECTED";
  }

  async function read(accounts: readonly CatalogAccount[]): Promise<Map<string, Stored>> {
    const rows = await lists.read(accounts);
    for (const { bytes } of rows) budget.addLoaded(bytes);
    return toMap(rows);
  }

  async function loadAll(asked: readonly CatalogKey[], of: Caller): Promise<Map<string, Stored>> {
    const servers = [...new Map(asked.map((server) => [server.id, server])).values()];
    const living = servers.filter(({ deletedAt }) => deletedAt === null);
    const accountOf = (server: CatalogKey) => ({
      serverId: server.id,
      ownerId: ownerOf(server, of),
    });
    const found = await read(living.map(accountOf));
    const missing: CatalogAccount[] = [];
    await Promise.all(
      living.map(async (server) => {
        const stored = found.get(server.id);
        if (stored && lists.isKnown(stored)) {
          if (stored.isStale && server.enabled) catalogs.refreshInBackground(accountOf(server));
        } else if (await canAsk(server)) missing.push(accountOf(server));
      }),
    );
    if (missing.length === 0) return found;
    // The remaining servers are asked when the page is loaded again.
    const first = missing.slice(0, mostAskedAtOnce);
    const asking: Promise<unknown> = Promise.all(first.map((account) => lists.ask(account)));
    await budget.pauseDuring(servers.length > 1 ? waitUpTo(patienceMs, asking) : asking);
    return new Map([...found, ...(await read(missing))]);
  }

  return new DataLoader(
    async (servers) => {
      const found = caller ? await loadAll(servers, caller) : new Map<string, Stored>();
      return servers.map(({ id }) => found.get(id) ?? null);
    },
    // Not cached: an operation can be a subscription that runs for hours, and must not return old
    // data.
    { cache: false, cacheKeyFn: ({ id }) => id },
  );
}

function toMap<Stored extends CatalogAccount>(rows: Stored[]): Map<string, Stored> {
  return new Map(rows.map((row) => [row.serverId, row]));
}

/** Waits until `work` has ended, at most for this time. `work` continues. */
async function waitUpTo(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
