import { keyOfAccount } from "./account-key.ts";
import type { McpServer, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import { doRegularly } from "#events/regularly.ts";
import type {
  CallRowStore,
  CatalogRow,
  GrantStatusRow,
  KeyRow,
  RoleRow,
  Stamped,
} from "#storage/call-row-store.ts";
import type { Tool as CatalogTool } from "#mcp/calls/catalog.ts";
import { createConfirmedCache, type ConfirmedCache } from "./confirmed-cache.ts";

export interface KnownServer extends Stamped {
  /** A server that is not marked as deleted. */
  server: McpServer;
  /** Keyed by the name of the tool. */
  policies: ReadonlyMap<string, ToolPolicy>;
  /** The newToolPolicy setting of the server's workspace. */
  newToolPolicy: NewToolPolicy;
}

export type KnownGrant = GrantStatusRow;

export interface KnownCatalog extends CatalogRow {
  tools: readonly CatalogTool[];
}

/**
 * Caches of the database rows that determine whether and how a call is made. A row is cached only while changes to it are certain to be
 * noticed: a notification removes changed rows immediately, and a query every second over all cached rows detects changes without a
 * notification.
 */
export interface CallCaches {
  /** Keyed by the ID of the server. */
  servers: ConfirmedCache<KnownServer>;
  /** Keyed by `keyOfMember`. */
  roles: ConfirmedCache<RoleRow>;
  /** Keyed by `keyOfAccount`. */
  grants: ConfirmedCache<KnownGrant>;
  /** Keyed by `keyOfAccount`. */
  keys: ConfirmedCache<KeyRow>;
  /** Keyed by `keyOfAccount`. */
  catalogs: ConfirmedCache<KnownCatalog>;
  close(): void;
}

/** An identifier of the consent that an account currently uses. It changes only when a user consents again. */
export function readConsent(
  { grants }: Pick<CallCaches, "grants">,
  serverId: string,
  ownerId: string,
): string | null | Promise<string | null> {
  const describe = (grant: KnownGrant | null) =>
    grant && `${grant.id} ${grant.connectedAt?.getTime() ?? "-"}`;
  const reading = grants.read(keyOfAccount(serverId, ownerId));
  return reading instanceof Promise ? reading.then(describe) : describe(reading);
}

export interface CallCachesDeps {
  store: CallRowStore;
  /**
   * Subscribes to notifications of a kind. The listener receives the part of the topic after the colon, or null if notifications may have
   * been lost.
   */
  onTopic(
    kind: "server" | "members" | "grant",
  ): (listener: (id: string | null) => void) => () => void;
  /** Whether notifications of changes are currently received reliably. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** The interval of the query that detects changes whose notification was lost, in milliseconds. */
  pollMs?: number;
}

/** The maximum number of cached rows of each kind. */
const mostRows = 10_000;
/** The maximum total size of the cached tool lists, as JSON. */
const mostCatalogBytes = 64 * 1024 * 1024;

export function createCallCaches(deps: CallCachesDeps): CallCaches {
  const { store, clock, isHearing, pollMs = 1_000 } = deps;
  const common = { isHearing, clock, sureForMs: 2 * pollMs, most: mostRows };
  const split = (key: string) => key.split(" ") as [string, string];

  const servers = createConfirmedCache<KnownServer>({
    ...common,
    async load(id) {
      const row = await store.findServer(id);
      const policies = new Map(row?.policies.map((policy) => [policy.toolName, policy]));
      return row && { ...row, policies };
    },
  });
  const roles = createConfirmedCache({ ...common, load: (key) => store.findRole(...split(key)) });
  const grants = createConfirmedCache({ ...common, load: (key) => store.findGrant(...split(key)) });
  const keys = createConfirmedCache({ ...common, load: (key) => store.findKey(...split(key)) });
  const catalogs = createConfirmedCache<KnownCatalog>({
    ...common,
    most: mostCatalogBytes,
    weigh: ({ bytes }) => bytes,
    // The lists have the form in which catalogs.ts stored them.
    load: (key) => store.findCatalog(...split(key)) as Promise<KnownCatalog | null>,
  });

  /** Checks all cached rows with a single query. */
  async function look(): Promise<void> {
    const lookedAtMs = clock.monotonicMs();
    const idsOf = (memory: ConfirmedCache<Stamped>) => memory.listInUse().map(({ id }) => id);
    const ids = {
      servers: idsOf(servers),
      roles: idsOf(roles),
      grants: idsOf(grants),
      keys: idsOf(keys),
      catalogs: idsOf(catalogs),
    };
    if (!isHearing() || Object.values(ids).every(({ length }) => length === 0)) return;
    const stamps = await store.readStamps(ids);
    for (const memory of [servers, roles, grants, keys, catalogs])
      memory.confirm(lookedAtMs, ({ id, stamp }) => stamps.get(id) === stamp);
  }

  const polling = doRegularly(look, pollMs);
  /** Matches the keys that begin with the ID, or all keys if notifications may have been lost. */
  const beginsWith = (id: string | null) => (key: string) =>
    id === null || key === id || key.startsWith(`${id} `);
  const stops = [
    deps.onTopic("server")((id) => {
      for (const memory of [servers, grants, keys, catalogs]) memory.forget(beginsWith(id));
    }),
    deps.onTopic("members")((id) => roles.forget(beginsWith(id))),
    // The topic contains the ID of the grant or key, while the caches are keyed by account, so entries are matched by value.
    deps.onTopic("grant")((id) => {
      const matches = (row: Stamped | null) => id === null || row === null || row.id === id;
      grants.forget((_, grant) => matches(grant));
      keys.forget((_, key) => matches(key));
    }),
  ];

  return {
    servers,
    roles,
    grants,
    keys,
    catalogs,
    close() {
      for (const stop of stops) stop();
      polling[Symbol.dispose]();
    },
  };
}
