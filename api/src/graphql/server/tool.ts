import type { CatalogTool } from "../../services/catalogs.ts";
import { builder } from "../builder.ts";

export const McpTool = builder.objectRef<CatalogTool>("McpTool").implement({
  description: "What a server offers to do.",
  fields: (t) => ({
    name: t.exposeString("name"),
    title: t.exposeString("title", { nullable: true }),
    description: t.exposeString("description", { nullable: true }),
    inputSchema: t.field({
      type: "JSON",
      description: "JSON Schema of the arguments.",
      resolve: ({ inputSchema }) => inputSchema,
    }),
    outputSchema: t.field({
      type: "JSON",
      nullable: true,
      description: "JSON Schema of structuredContent.",
      resolve: ({ outputSchema }) => outputSchema,
    }),
    annotations: t.field({
      type: "JSON",
      nullable: true,
      description:
        "readOnlyHint, destructiveHint, idempotentHint, openWorldHint as the server declares them.",
      resolve: ({ annotations }) => annotations,
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
