import type { CatalogPrompt } from "#services/catalog/stored-catalogs.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import { pageOf, searchIn } from "../server/listed.ts";
import { McpServer } from "../server/mcp-server.ts";

const McpPromptArgument = builder
  .objectRef<CatalogPrompt["arguments"][number]>("McpPromptArgument")
  .implement({
    description: "A text that a prompt is filled with.",
    fields: (t) => ({
      name: t.exposeString("name", { description: "Under which it is given." }),
      title: t.exposeString("title", { nullable: true, description: "For people." }),
      description: t.exposeString("description", {
        nullable: true,
        description: "What it is for, as the server says.",
      }),
      required: t.exposeBoolean("required", { description: "Whether it must be given." }),
    }),
  });

const McpPrompt = builder.objectRef<CatalogPrompt>("McpPrompt").implement({
  description: "Something that a server has to say to a model.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "getPrompt takes it." }),
    title: t.exposeString("title", { nullable: true, description: "For people." }),
    description: t.exposeString("description", {
      nullable: true,
      description: "What it is for, as the server says.",
    }),
    arguments: t.field({
      type: [McpPromptArgument],
      description: "What it is filled with.",
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
        description: "All that were found.",
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  { name: "McpPromptEdge", description: "A prompt and its place in the list." },
);

builder.prismaObjectField(McpServer, "prompts", (t) =>
  t.connection(
    {
      type: McpPrompt,
      ...loadsCatalog,
      description:
        "What it has to say to a model, as the account sees it that the caller would use.",
      args: {
        search: t.arg.string({
          description: "Part of a name, title or description, whatever its case.",
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
