import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { AuthorizationServerOption } from "../oauth/authorization-server-option.ts";
import { ClientRegistrationKind } from "../oauth/flow.ts";
import type { ServerPreview } from "#services/discovery/server-preview.ts";
import type { SuggestedHeader as SuggestedHeaderShape } from "#services/discovery/suggest-key.ts";
import { visibleTo } from "#services/access/access.ts";
import { McpAuthType } from "./auth-type.ts";
import { McpServer, Reachability } from "./mcp-server.ts";

const SuggestedHeader = builder.objectRef<SuggestedHeaderShape>("SuggestedHeader").implement({
  description: "The header in which a server expects its key.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the header." }),
    scheme: t.exposeString("scheme", {
      nullable: true,
      description:
        "The word before the key in the value, such as Bearer. Null if the value is the key alone.",
    }),
  }),
});

const ServerDetection = builder.objectRef<ServerPreview>("ServerDetection").implement({
  description: "The result of an unauthenticated probe of a URL.",
  fields: (t) => ({
    authType: t.expose("authType", {
      type: McpAuthType,
      description: "The authentication type of the server.",
    }),
    reachability: t.field({
      type: Reachability,
      description: "The reachability of the server.",
      resolve: ({ reachable, message, checkedAt }) => ({
        state: reachable ? ("REACHABLE" as const) : ("UNREACHABLE" as const),
        checkedAt,
        message: reachable ? null : message,
      }),
    }),
    message: t.exposeString("message", {
      description: "A summary for the user, in one or two sentences.",
    }),
    suggestedUrl: t.expose("suggestedUrl", {
      type: "URL",
      nullable: true,
      description:
        "The address that the URL redirects to, if an MCP server responds there. Use it instead of the URL.",
    }),
    suggestedHeader: t.field({
      type: SuggestedHeader,
      nullable: true,
      description:
        "The header in which the server expects its key, as far as its response says. Null if it requires no key or does not say.",
      resolve: ({ suggestedHeader }) => suggestedHeader,
    }),
    issuer: t.expose("issuer", {
      type: "URL",
      nullable: true,
      description: "The issuer of the authorization server. Null if none is named or usable.",
    }),
    scopes: t.exposeStringList("scopes", {
      description: "The scopes that will be requested first.",
    }),
    clientRegistration: t.expose("clientRegistration", {
      type: ClientRegistrationKind,
      nullable: true,
      description:
        "The way in which Gatehouse would register as a client. Null if it cannot register automatically.",
    }),
    clientRequired: t.exposeBoolean("clientRequired", {
      description:
        "Whether a client ID is required: the authorization server supports neither client ID metadata documents nor dynamic client registration. Register the client with `redirectUri`.",
    }),
    authorizationServers: t.field({
      type: [AuthorizationServerOption],
      description:
        "The usable authorization servers, in the order in which the MCP server lists them. If there is more than one, each user selects one when connecting; `issuer`, `scopes` and `clientRegistration` describe the first.",
      resolve: ({ authorizationServers }) => authorizationServers,
    }),
    redirectUri: t.expose("redirectUri", {
      type: "URL",
      description: "The redirect URI for registering a client manually.",
    }),
    duplicates: t.prismaField({
      type: [McpServer],
      description: "The servers in this workspace with the same URL.",
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
  description: "The URL to probe, and the workspace.",
  fields: (t) => ({
    workspaceId: t.id({
      required: true,
      description: "The ID of the workspace in which the server would be created.",
    }),
    url: t.string({
      required: true,
      description: "An http or https URL without user name and password.",
    }),
  }),
});

builder.queryField("detectServer", (t) =>
  t.field({
    type: ServerDetection,
    ...contactsServer,
    description:
      "Probes a URL without authentication before a server is created. Stores nothing. Requires ADMIN.",
    args: {
      input: t.arg({
        type: DetectServerInput,
        required: true,
        description: "The URL to probe and the workspace.",
      }),
    },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.detection.preview(
        caller,
        { workspaceId: readIdOrNobody(input.workspaceId, "Workspace"), url: input.url },
        budget?.signal,
      ),
  }),
);
