import type { CachedFailure } from "#services/catalog/failure-cache.ts";
import type { StoredTools } from "#services/catalog/stored-catalogs.ts";
import { ownerOf } from "#services/access/access.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import type { CatalogKey } from "./catalog-loader.ts";
import { McpServer } from "./mcp-server.ts";

interface CatalogShape {
  server: CatalogKey;
  stored: StoredTools | null;
}

const CatalogFailure = builder.objectRef<CachedFailure>("CatalogFailure").implement({
  description: "A failed request for a server's lists.",
  fields: (t) => ({
    message: t.exposeString("message", {
      description: "A description of the failure, in one sentence.",
    }),
    at: t.expose("at", { type: "DateTime", description: "The time of the request." }),
  }),
});

const Catalog = builder.objectRef<CatalogShape>("Catalog").implement({
  description:
    "The state of the cached lists of a server's tools, resources and prompts. Lists are cached for each account, returned from the cache and refreshed in the background: when the lifetime set by the server ends, otherwise every ten minutes while they are in use, and immediately when the server announces a change.",
  fields: (t) => ({
    fetchedAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the returned lists were requested from the server. Null if no list has been received.",
      resolve: ({ stored }) => stored?.fetchedAt ?? null,
    }),
    notes: t.stringList({
      description:
        "Messages about entries that were omitted, corrected or cut off because a list was too long.",
      resolve: ({ stored }) => stored?.notes ?? [],
    }),
    failure: t.field({
      type: CatalogFailure,
      nullable: true,
      description:
        "The failure of the last request for the lists. Null if the last request succeeded, was made more than ten minutes ago, or was made by another Gatehouse process. The lists that are returned come from an earlier request.",
      resolve: ({ server }, _args, { caller, services }) =>
        caller &&
        services.catalogs.lastFailure({ serverId: server.id, ownerId: ownerOf(server, caller) }),
    }),
  }),
});

builder.prismaObjectField(McpServer, "catalog", (t) =>
  t.field({
    type: Catalog,
    ...loadsCatalog,
    description:
      "The state of the server's cached lists, for the account that the caller's calls use.",
    resolve: async (server, _args, { catalogs }) => ({
      server,
      stored: await catalogs.load(server),
    }),
  }),
);
