import { requireCaller } from "#services/access/access.ts";
import {
  type KnownServer as KnownServerShape,
  listQuirks,
  searchKnownServers,
} from "#services/discovery/known-servers.ts";
import { builder } from "../builder.ts";
import { ClientRegistrationKind } from "../oauth/flow.ts";
import { McpAuthType } from "./auth-type.ts";
import { pageOf } from "./listed.ts";

const KnownServerKeyHeader = builder
  .objectRef<{ name: string; scheme: string | null }>("KnownServerKeyHeader")
  .implement({
    description: "The header in which a known MCP server accepts an API key.",
    fields: (t) => ({
      name: t.exposeString("name", { description: "The name of the header." }),
      scheme: t.exposeString("scheme", {
        nullable: true,
        description:
          "The word before the key, such as Bearer. Null if the header contains only the key.",
      }),
    }),
  });

const KnownServer = builder.objectRef<KnownServerShape>("KnownServer").implement({
  description:
    "A well-known MCP server, as described in public documentation. Detection decides what a server really requires.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the server." }),
    url: t.expose("url", { type: "URL", description: "The URL to create the server with." }),
    purpose: t.exposeString("purpose", {
      description: "The purpose of the server, in one sentence.",
    }),
    authType: t.expose("authType", {
      type: McpAuthType,
      description: "The documented authentication type.",
    }),
    clientRegistrations: t.field({
      type: [ClientRegistrationKind],
      description: "The documented ways of registering a client. Empty if none is documented.",
      resolve: ({ registration }) => [...(registration ?? [])],
    }),
    scopes: t.stringList({
      description: "The OAuth scopes that the documentation names. Empty if it names none.",
      resolve: ({ scopes }) => [...(scopes ?? [])],
    }),
    keyHeader: t.field({
      type: KnownServerKeyHeader,
      nullable: true,
      description:
        "The header for an API key, which can be optional or an alternative to OAuth. Null if none is documented.",
      resolve: ({ keyHeader }) => keyHeader,
    }),
    quirks: t.stringList({
      description:
        "The names of known deviations of its authorization server from the specifications. Gatehouse handles them.",
      resolve: listQuirks,
    }),
    notes: t.stringList({
      description: "Requirements of the server that users must know, in complete sentences.",
      resolve: ({ notes }) => [...(notes ?? [])],
    }),
    unverified: t.exposeString("unverified", {
      nullable: true,
      description: "The facts that the documentation leaves open. Null if it leaves nothing open.",
    }),
    documentationUrl: t.expose("documentationUrl", {
      type: "URL",
      description: "The page from which the facts were taken.",
    }),
  }),
});

builder.queryField("knownServers", (t) =>
  t.connection(
    {
      type: KnownServer,
      description: "Well-known MCP servers, by name. Requires a signed-in user or an API token.",
      args: {
        search: t.arg.string({
          description: "Filters by a substring of the name, host or purpose, ignoring case.",
        }),
      },
      resolve: (_root, args, { caller }) => {
        requireCaller(caller);
        return pageOf(args, searchKnownServers(args.search ?? ""));
      },
    },
    {
      name: "KnownServerConnection",
      description: "A page of known MCP servers.",
      fields: (t) => ({
        totalCount: t.exposeInt("totalCount", {
          description: "The total number of entries found.",
        }),
      }),
    },
    { name: "KnownServerEdge", description: "A known server and its cursor." },
  ),
);
