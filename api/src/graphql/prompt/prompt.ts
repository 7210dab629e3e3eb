import type { CatalogPrompt } from "#services/catalog/stored-catalogs.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import { pageOf, searchIn } from "../server/listed.ts";
import { McpServer } from "../server/mcp-server.ts";

const McpPromptArgument = builder
  .objectRef<CatalogPrompt["arguments"][number]>("McpPromptArgument")
  .implement({
    description: "An argument of a prompt. The value is a string.",
    fields: (t) => ({
      name: t.exposeString("name", { description: "The name of the argument." }),
      title: t.exposeString("title", { nullable: true, description: "A human-readable title." }),
      description: t.exposeString("description", {
        nullable: true,
        description: "The description provided by the server.",
      }),
      required: t.exposeBoolean("required", { description: "Whether the argument is required." }),
    }),
  });

const McpPrompt = builder.objectRef<CatalogPrompt>("McpPrompt").implement({
  description: "A prompt template that an MCP server provides.",
  fields: (t) => ({
    name: t.exposeString("name", {
      description: "The name of the prompt, for use with getPrompt.",
    }),
    title: t.exposeString("title", { nullable: true, description: "A human-readable title." }),
    description: t.exposeString("description", {
      nullable: true,
      description: "The description provided by the server.",
    }),
    arguments: t.field({
      type: [McpPromptArgument],
      description: "The arguments that the prompt accepts.",
      resolve: ({ arguments: args }) => args,
    }),
  }),
});

const promptPages = builder.connectionObject(
  {
    name: "McpPromptConnection",
    type: McpPrompt,
    description: "A page of a server's prompts.",
    fields: (t) => ({
      totalCount: t.int({
        description: "The total number of entries found.",
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  { name: "McpPromptEdge", description: "A prompt and its cursor." },
);

builder.prismaObjectField(McpServer, "prompts", (t) =>
  t.connection(
    {
      type: McpPrompt,
      ...loadsCatalog,
      description: "The prompts of the server, for the account that the caller's calls use.",
      args: {
        search: t.arg.string({
          description: "Filters by a substring of the name, title or description, ignoring case.",
        }),
      },
      resolve: async (server, args, { offers }) => {
        const stored = await offers.load(server);
        return pageOf(
          args,
          searchIn(stored?.prompts ?? [], args.search, ({ name }) => name),
        );
      },
    },
    promptPages,
  ),
);
