import type { RecentFailure } from "#services/catalog/failure-cache.ts";
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

const CatalogFailure = builder.objectRef<RecentFailure>("CatalogFailure").implement({
  description: "Why a server could not be asked for its lists.",
  fields: (t) => ({
    message: t.exposeString("message", { description: "In a sentence." }),
    at: t.expose("at", { type: "DateTime", description: "When it was asked." }),
  }),
});

const Catalog = builder.objectRef<CatalogShape>("Catalog").implement({
  description:
    "How well Gatehouse knows what a server offers. Lists are kept for each account, served as they are kept, and renewed behind the answer: as often as the server says, else every ten minutes in which somebody looks, and at once when the server tells of a change.",
  fields: (t) => ({
    fetchedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the server was asked for what is shown; null: no list is known yet.",
      resolve: ({ stored }) => stored?.fetchedAt ?? null,
    }),
    notes: t.stringList({
      description:
        "What was left out or mended, or where a list was cut short because it was too long, in sentences.",
      resolve: ({ stored }) => stored?.notes ?? [],
    }),
    failure: t.field({
      type: CatalogFailure,
      nullable: true,
      description:
        "Why the server gave this account no list when it was last asked, in the last ten minutes and by the process that answers; what is shown is then what it gave before.",
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
    description: "How its lists were had, as the account sees them that the caller would use.",
    resolve: async (server, _args, { catalogs }) => ({
      server,
      stored: await catalogs.load(server),
    }),
  }),
);
