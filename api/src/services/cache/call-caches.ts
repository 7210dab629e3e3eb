import { keyOfAccount } from "./account-key.ts";
import type { McpServer, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import { doRegularly } from "#events/regularly.ts";
import type {
  CallRowStore,
  CatalogRow,
  GrantStandingRow,
  RoleRow,
  Stamped,
} from "#storage/call-row-store.ts";
import type { Tool as CatalogTool } from "#mcp/calls/catalog.ts";
import { createRowMemory, type RowMemory } from "./confirmed-cache.ts";

export interface KnownServer extends Stamped {
  /** Not deleted. */
  server: McpServer;
  /** By the tool's name. */
  policies: ReadonlyMap<string, ToolPolicy>;
  /** The setting of the server's workspace. */
  newToolPolicy: NewToolPolicy;
}

export type KnownGrant = GrantStandingRow;

export interface KnownCatalog extends CatalogRow {
  tools: readonly CatalogTool[];
}

/**
 * The rows that decide about calls, kept while every change of them is sure to be heard of: word of a change forgets them at once, and
 * a look at all of them each second finds what nobody told.
 */
export interface CallRows {
  /** By the server's id. */
  servers: RowMemory<KnownServer>;
  /** By `keyOfMember`. */
  roles: RowMemory<RoleRow>;
  /** By `keyOfAccount`. */
  grants: RowMemory<KnownGrant>;
  /** By `keyOfAccount`. */
  catalogs: RowMemory<KnownCatalog>;
  close(): void;
}

/** Which consent an account is used by: the same for as long as nobody consents anew. */
export function readConsent(
  { grants }: Pick<CallRows, "grants">,
  serverId: string,
  ownerId: string,
): string | null | Promise<string | null> {
  const describe = (grant: KnownGrant | null) =>
    grant && `${grant.id} ${grant.connectedAt?.getTime() ?? "-"}`;
  const reading = grants.read(keyOfAccount(serverId, ownerId));
  return reading instanceof Promise ? reading.then(describe) : describe(reading);
}

export interface CallRowsDeps {
  store: CallRowStore;
  /** Calls back with what comes after the colon of each topic of a kind; with null when word of some may have been lost. */
  onTopic(
    kind: "server" | "members" | "grant",
  ): (listener: (id: string | null) => void) => () => void;
  /** Whether word of a change is sure to arrive. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** Behind the word of a change, which may be lost. */
  pollMs?: number;
}

/** Of each kind. */
const mostRows = 10_000;
/** Of the lists of tools, as JSON. */
const mostCatalogBytes = 64 * 1024 * 1024;

export function createCallRows(deps: CallRowsDeps): CallRows {
  const { store, clock, isHearing, pollMs = 1_000 } = deps;
  const common = { isHearing, clock, sureForMs: 2 * pollMs, most: mostRows };
  const split = (key: string) => key.split(" ") as [string, string];

  const servers = createRowMemory<KnownServer>({
    ...common,
    async load(id) {
      const row = await store.findServer(id);
      const policies = new Map(row?.policies.map((policy) => [policy.toolName, policy]));
      return row && { ...row, policies };
    },
  });
  const roles = createRowMemory({ ...common, load: (key) => store.findRole(...split(key)) });
  const grants = createRowMemory({ ...common, load: (key) => store.findGrant(...split(key)) });
  const catalogs = createRowMemory<KnownCatalog>({
    ...common,
    most: mostCatalogBytes,
    weigh: ({ bytes }) => bytes,
    // As they were stored (catalogs.ts).
    load: (key) => store.findCatalog(...split(key)) as Promise<KnownCatalog | null>,
  });

  /** One statement for all that is kept. */
  async function look(): Promise<void> {
    const lookedAtMs = clock.monotonicMs();
    const idsOf = (memory: RowMemory<Stamped>) => memory.listInUse().map(({ id }) => id);
    const ids = {
      servers: idsOf(servers),
      roles: idsOf(roles),
      grants: idsOf(grants),
      catalogs: idsOf(catalogs),
    };
    if (!isHearing() || Object.values(ids).every(({ length }) => length === 0)) return;
    const stamps = await store.readStamps(ids);
    for (const memory of [servers, roles, grants, catalogs])
      memory.confirm(lookedAtMs, ({ id, stamp }) => stamps.get(id) === stamp);
  }

  const polling = doRegularly(look, pollMs);
  /** Of keys that begin so; all, where word of some may have been lost. */
  const beginsWith = (id: string | null) => (key: string) =>
    id === null || key === id || key.startsWith(`${id} `);
  const stops = [
    deps.onTopic("server")((id) => {
      for (const memory of [servers, grants, catalogs]) memory.forget(beginsWith(id));
    }),
    deps.onTopic("members")((id) => roles.forget(beginsWith(id))),
    // Its name says nothing about its key.
    deps.onTopic("grant")((id) =>
      grants.forget((_, grant) => id === null || grant === null || grant.id === id),
    ),
  ];

  return {
    servers,
    roles,
    grants,
    catalogs,
    close() {
      for (const stop of stops) stop();
      polling[Symbol.dispose]();
    },
  };
}
