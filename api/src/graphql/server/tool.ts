import type { CatalogTool } from "#services/catalog/catalogs.ts";
import { builder } from "../builder.ts";

/** A tool of a server, as some account sees it. */
export interface ListedTool {
  serverId: string;
  tool: CatalogTool;
}

export const McpTool = builder.objectRef<ListedTool>("McpTool").implement({
  description: "What a server offers to do.",
  fields: (t) => ({
    name: t.string({ resolve: ({ tool }) => tool.name }),
    title: t.string({ nullable: true, resolve: ({ tool }) => tool.title }),
    description: t.string({ nullable: true, resolve: ({ tool }) => tool.description }),
    inputSchema: t.field({
      type: "JSON",
      description: "JSON Schema of the arguments.",
      resolve: ({ tool }) => tool.inputSchema,
    }),
    outputSchema: t.field({
      type: "JSON",
      nullable: true,
      description: "JSON Schema of structuredContent.",
      resolve: ({ tool }) => tool.outputSchema,
    }),
    annotations: t.field({
      type: "JSON",
      nullable: true,
      description:
        "readOnlyHint, destructiveHint, idempotentHint, openWorldHint as the server declares them.",
      resolve: ({ tool }) => tool.annotations,
    }),
  }),
});

export const McpToolEdge = builder.edgeObject({ name: "McpToolEdge", type: McpTool });

export const McpToolConnection = builder.connectionObject(
  {
    name: "McpToolConnection",
    type: McpTool,
    fields: (t) => ({
      totalCount: t.int({
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  McpToolEdge,
);
