import type { CatalogTool } from "#services/catalog/catalogs.ts";
import { builder } from "../builder.ts";

/** A tool of a server, as listed for an account. */
export interface ListedTool {
  serverId: string;
  tool: CatalogTool;
}

export const McpTool = builder.objectRef<ListedTool>("McpTool").implement({
  description: "A tool that an MCP server provides.",
  fields: (t) => ({
    name: t.string({ resolve: ({ tool }) => tool.name }),
    title: t.string({ nullable: true, resolve: ({ tool }) => tool.title }),
    description: t.string({ nullable: true, resolve: ({ tool }) => tool.description }),
    inputSchema: t.field({
      type: "JSON",
      description: "The JSON Schema of the arguments.",
      resolve: ({ tool }) => tool.inputSchema,
    }),
    outputSchema: t.field({
      type: "JSON",
      nullable: true,
      description:
        "The JSON Schema of the structured result. Null if the server does not declare one.",
      resolve: ({ tool }) => tool.outputSchema,
    }),
    annotations: t.field({
      type: "JSON",
      nullable: true,
      description:
        "The hints readOnlyHint, destructiveHint, idempotentHint and openWorldHint, as declared by the server.",
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
