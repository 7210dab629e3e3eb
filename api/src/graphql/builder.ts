import SchemaBuilder from "@pothos/core";
import PrismaPlugin from "@pothos/plugin-prisma";
import RelayPlugin from "@pothos/plugin-relay";
import type PrismaTypes from "@gatehouse/prisma/pothos-types";
import { getDatamodel } from "@gatehouse/prisma/pothos-types";
import type { Context } from "./context.ts";
import { decodeGlobalId, encodeGlobalId } from "./global-id.ts";

export const builder = new SchemaBuilder<{
  PrismaTypes: PrismaTypes;
  Context: Context;
  DefaultFieldNullability: false;
  DefaultInputFieldRequiredness: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  Connection: { totalCount: number | (() => number | Promise<number>) };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    URL: { Input: never; Output: string };
  };
}>({
  plugins: [RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.db,
    dmmf: getDatamodel(),
    defaultConnectionSize: 20,
    maxConnectionSize: 100,
    onUnusedQuery: null,
  },
  relay: {
    cursorType: "String",
    nodesOnConnection: { description: "The entries on this page." },
    edgesFieldOptions: { description: "The entries on this page, with their cursors." },
    cursorFieldOptions: {
      description: "The cursor of this entry, for use as `after` or `before`.",
    },
    nodeFieldOptions: { description: "The entry of this edge." },
    pageInfoFieldOptions: { description: "Information to aid in pagination." },
    firstArgOptions: {
      description: "The number of entries to return from the start. Defaults to 20, at most 100.",
    },
    afterArgOptions: { description: "Returns the entries after this cursor." },
    lastArgOptions: { description: "The number of entries to return from the end, at most 100." },
    beforeArgOptions: { description: "Returns the entries before this cursor." },
    encodeGlobalID: encodeGlobalId,
    decodeGlobalID: decodeGlobalId,
    // graphql/node.ts defines its own fields, which return null for an invalid id.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
  },
});
