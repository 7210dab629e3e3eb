import type {
  CatalogResource,
  CatalogResourceTemplate,
} from "#services/catalog/stored-catalogs.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import { pageOf, searchIn } from "../server/listed.ts";
import { McpServer } from "../server/mcp-server.ts";

const described = {
  name: "The name provided by the server.",
  title: "A human-readable title.",
  description: "The description provided by the server.",
  mimeType: "The media type provided by the server.",
  search: "Filters by a substring of the URI, name, title or description, ignoring case.",
  totalCount: "The total number of entries found.",
} as const;

const McpResource = builder.objectRef<CatalogResource>("McpResource").implement({
  description: "A resource that an MCP server provides.",
  fields: (t) => ({
    uri: t.exposeString("uri", {
      description: "The URI of the resource, for use with readResource.",
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
      description: "The size in bytes, as stated by the server.",
    }),
  }),
});

const McpResourceTemplate = builder
  .objectRef<CatalogResourceTemplate>("McpResourceTemplate")
  .implement({
    description: "A URI template for resources that an MCP server provides.",
    fields: (t) => ({
      uriTemplate: t.exposeString("uriTemplate", {
        description: "The URI template (RFC 6570). Expand it to obtain a URI for readResource.",
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
  { name: "McpResourceEdge", description: "A resource and its cursor." },
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
    description: "A resource template and its cursor.",
  },
);

builder.prismaObjectFields(McpServer, (t) => ({
  resources: t.connection(
    {
      type: McpResource,
      ...loadsCatalog,
      description: "The resources of the server, for the account that the caller's calls use.",
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
      description:
        "The resource templates of the server, for the account that the caller's calls use.",
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
