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
    nodesOnConnection: { description: "The page's entries." },
    edgesFieldOptions: { description: "The page's entries, each with its cursor." },
    cursorFieldOptions: { description: "What `after` and `before` take." },
    nodeFieldOptions: { description: "The entry itself." },
    pageInfoFieldOptions: { description: "Whether there is more, and from where to go on." },
    firstArgOptions: { description: "So many from the front: 20 if left out, at most 100." },
    afterArgOptions: { description: "A cursor: those that come after it." },
    lastArgOptions: { description: "So many from the end, at most 100." },
    beforeArgOptions: { description: "A cursor: those that come before it." },
    encodeGlobalID: encodeGlobalId,
    decodeGlobalID: decodeGlobalId,
    // graphql/node.ts has its own, which answer null for an id that is malformed.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
  },
});
