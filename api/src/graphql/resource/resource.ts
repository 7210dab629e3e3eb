import type {
  CatalogResource,
  CatalogResourceTemplate,
} from "#services/catalog/stored-catalogs.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import { pageOf, searchIn } from "../server/listed.ts";
import { McpServer } from "../server/mcp-server.ts";

const described = {
  name: "What the server calls it.",
  title: "For people.",
  description: "What it is, as the server says.",
  mimeType: "What kind of content it has, as the server says.",
  search: "Part of an address, name, title or description, whatever its case.",
  totalCount: "All that were found.",
} as const;

const McpResource = builder.objectRef<CatalogResource>("McpResource").implement({
  description: "Something that a server has to read.",
  fields: (t) => ({
    uri: t.exposeString("uri", {
      description: "Its address at the server: readResource takes it.",
    }),
    name: t.exposeString("name", { description: described.name }),
    title: t.exposeString("title", { nullable: true, description: described.title }),
    description: t.exposeString("description", {
      nullable: true,
      description: described.description,
    }),
    mimeType: t.exposeString("mimeType", { nullable: true, description: described.mimeType }),
    size: t.exposeFloat("size", {
      nullable: true,
      description: "In bytes, as the server says.",
    }),
  }),
});

const McpResourceTemplate = builder
  .objectRef<CatalogResourceTemplate>("McpResourceTemplate")
  .implement({
    description: "The form of the addresses of resources that a server has to read.",
    fields: (t) => ({
      uriTemplate: t.exposeString("uriTemplate", {
        description: "RFC 6570: what it expands to is what readResource takes.",
      }),
      name: t.exposeString("name", { description: described.name }),
      title: t.exposeString("title", { nullable: true, description: described.title }),
      description: t.exposeString("description", {
        nullable: true,
        description: described.description,
      }),
      mimeType: t.exposeString("mimeType", { nullable: true, description: described.mimeType }),
    }),
  });

const resourcePages = builder.connectionObject(
  {
    name: "McpResourceConnection",
    type: McpResource,
    description: "A page of a server's resources.",
    fields: (t) => ({
      totalCount: t.int({
        description: described.totalCount,
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  { name: "McpResourceEdge", description: "A resource and its place in the list." },
);
const templatePages = builder.connectionObject(
  {
    name: "McpResourceTemplateConnection",
    type: McpResourceTemplate,
    description: "A page of a server's resource templates.",
    fields: (t) => ({
      totalCount: t.int({
        description: described.totalCount,
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  {
    name: "McpResourceTemplateEdge",
    description: "A resource template and its place in the list.",
  },
);

builder.prismaObjectFields(McpServer, (t) => ({
  resources: t.connection(
    {
      type: McpResource,
      ...loadsCatalog,
      description: "What it has to read, as the account sees it that the caller would use.",
      args: { search: t.arg.string({ description: described.search }) },
      resolve: async (server, args, { offers }) => {
        const stored = await offers.load(server);
        const identify = ({ uri, name }: CatalogResource) => `${uri}\n${name}`;
        return pageOf(args, searchIn(stored?.resources ?? [], args.search, identify));
      },
    },
    resourcePages,
  ),
  resourceTemplates: t.connection(
    {
      type: McpResourceTemplate,
      ...loadsCatalog,
      description: "The forms of the addresses of more that it has to read.",
      args: { search: t.arg.string({ description: described.search }) },
      resolve: async (server, args, { offers }) => {
        const stored = await offers.load(server);
        const identify = ({ uriTemplate, name }: CatalogResourceTemplate) =>
          `${uriTemplate}\n${name}`;
        return pageOf(args, searchIn(stored?.resourceTemplates ?? [], args.search, identify));
      },
    },
    templatePages,
  ),
}));
