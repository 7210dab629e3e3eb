import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { AuthorizationServerOption } from "../oauth/authorization-server-option.ts";
import { ClientRegistrationKind } from "../oauth/flow.ts";
import type { ServerPreview } from "#services/discovery/server-preview.ts";
import { visibleTo } from "#services/access/access.ts";
import { McpAuthType } from "./auth-type.ts";
import { McpServer, Reachability } from "./mcp-server.ts";

const ServerDetection = builder.objectRef<ServerPreview>("ServerDetection").implement({
  description: "What an unauthenticated probe of a URL found.",
  fields: (t) => ({
    authType: t.expose("authType", {
      type: McpAuthType,
      description: "What the server asks of its callers.",
    }),
    reachability: t.field({
      type: Reachability,
      description: "Whether it answered.",
      resolve: ({ reachable, message, checkedAt }) => ({
        state: reachable ? ("REACHABLE" as const) : ("UNREACHABLE" as const),
        checkedAt,
        message: reachable ? null : message,
      }),
    }),
    message: t.exposeString("message", {
      description: "One sentence for the person who pasted the URL.",
    }),
    issuer: t.expose("issuer", {
      type: "URL",
      nullable: true,
      description: "Of the authorization server; null where none is named or usable.",
    }),
    scopes: t.exposeStringList("scopes", { description: "What will be asked for first." }),
    clientRegistration: t.expose("clientRegistration", {
      type: ClientRegistrationKind,
      nullable: true,
      description: "How Gatehouse would become known there; null where it cannot by itself.",
    }),
    clientRequired: t.exposeBoolean("clientRequired", {
      description:
        "OAuth with neither metadata documents nor dynamic registration: a client id is needed, registered with `redirectUri`.",
    }),
    authorizationServers: t.field({
      type: [AuthorizationServerOption],
      description:
        "All that work, in the order in which the server lists them. Where more than one can be used, each person chooses when they connect; `issuer`, `scopes` and `clientRegistration` are of the first of those.",
      resolve: ({ authorizationServers }) => authorizationServers,
    }),
    redirectUri: t.expose("redirectUri", {
      type: "URL",
      description: "What to register a client with, where someone must do so by hand.",
    }),
    duplicates: t.prismaField({
      type: [McpServer],
      description: "Servers of this workspace that have the same URL.",
      resolve: (query, { url, workspaceId }, _args, { db, caller }) =>
        db.mcpServer.findMany({
          ...query,
          where: { url, workspaceId, deletedAt: null, workspace: visibleTo(caller) },
          orderBy: { id: "asc" },
          take: 20,
        }),
    }),
  }),
});

const DetectServerInput = builder.inputType("DetectServerInput", {
  description: "A URL to look at, and for whom.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "Where the server would be created." }),
    url: t.string({
      required: true,
      description: "http or https, without user name and password.",
    }),
  }),
});

builder.queryField("detectServer", (t) =>
  t.field({
    type: ServerDetection,
    ...contactsServer,
    description:
      "What an unauthenticated probe of a URL finds, before a server is created. Stores nothing. Needs ADMIN.",
    args: {
      input: t.arg({ type: DetectServerInput, required: true, description: "What to look at." }),
    },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.detection.preview(
        caller,
        { workspaceId: readIdOrNobody(input.workspaceId, "Workspace"), url: input.url },
        budget?.signal,
      ),
  }),
);
