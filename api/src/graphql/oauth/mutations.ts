import type { OAuthFlow as FlowRow } from "@gatehouse/prisma";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import type { AuthorizationServerOption as AuthorizationServerOptionShape } from "#services/discovery/authorization-server-option.ts";
import { AuthorizationServerOption } from "./authorization-server-option.ts";
import { OAuthFlow } from "./flow.ts";

const OAuthFlowMode = builder.enumType("OAuthFlowMode", { values: ["POPUP", "REDIRECT"] as const });

const StartOAuthInput = builder.inputType("StartOAuthInput", {
  fields: (t) => ({
    serverId: t.id({ required: true }),
    mode: t.field({ type: OAuthFlowMode, defaultValue: "POPUP" }),
    returnTo: t.string({
      description: "The path in the Gatehouse web app to return to, in REDIRECT mode.",
    }),
    force: t.boolean({
      defaultValue: false,
      description: "Whether to request consent even if a working grant exists.",
    }),
    issuer: t.string({
      description:
        "The issuer of the authorization server to use, from the list in OAuthAuthorizationServerRequired. If omitted, the one in the server's settings, the one of the account's earlier grant, or the only usable one is used. BAD_USER_INPUT if the settings specify a different issuer; OAuthDiscoveryFailed if the MCP server does not list it.",
    }),
  }),
});

interface Started {
  __typename: "OAuthStarted";
  flow: FlowRow;
  authorizationUrl: string;
}
interface AlreadyConnected {
  __typename: "OAuthAlreadyConnected";
  serverId: string;
}
interface ClientRequired {
  __typename: "OAuthClientRequired";
  message: string;
  issuer: string | null;
  redirectUri: string;
}
interface AuthorizationServerRequired {
  __typename: "OAuthAuthorizationServerRequired";
  message: string;
  authorizationServers: AuthorizationServerOptionShape[];
}
interface DiscoveryFailed {
  __typename: "OAuthDiscoveryFailed";
  message: string;
  flow: FlowRow;
}

const OAuthStarted = builder.objectRef<Started>("OAuthStarted").implement({
  fields: (t) => ({
    flow: t.field({ type: OAuthFlow, resolve: ({ flow }) => flow }),
    authorizationUrl: t.expose("authorizationUrl", {
      type: "URL",
      description:
        "The URL of the consent page. It contains the OAuth state parameter and must be opened only in the caller's browser.",
    }),
  }),
});

const OAuthAlreadyConnected = builder
  .objectRef<AlreadyConnected>("OAuthAlreadyConnected")
  .implement({
    description:
      "The account already has a working grant, which was refreshed if necessary. No consent is required.",
    fields: (t) => ({
      server: t.prismaField({
        type: "McpServer",
        resolve: (query, { serverId }, _args, { db }) =>
          db.mcpServer.findUniqueOrThrow({ ...query, where: { id: serverId } }),
      }),
    }),
  });

const OAuthClientRequired = builder.objectRef<ClientRequired>("OAuthClientRequired").implement({
  description:
    "The authorization server supports neither client ID metadata documents nor dynamic client registration, so a client must be registered manually.",
  interfaces: [UserError],
  fields: (t) => ({
    issuer: t.expose("issuer", { type: "URL", nullable: true }),
    redirectUri: t.expose("redirectUri", {
      type: "URL",
      description: "The redirect URI to register the client with.",
    }),
  }),
});

const OAuthAuthorizationServerRequired = builder
  .objectRef<AuthorizationServerRequired>("OAuthAuthorizationServerRequired")
  .implement({
    description:
      "The server can be used with more than one authorization server. Call startOAuth again with the issuer that the user selects.",
    interfaces: [UserError],
    fields: (t) => ({
      authorizationServers: t.field({
        type: [AuthorizationServerOption],
        description:
          "The usable authorization servers, in the order in which the MCP server lists them.",
        resolve: ({ authorizationServers }) => authorizationServers,
      }),
    }),
  });

const OAuthDiscoveryFailed = builder.objectRef<DiscoveryFailed>("OAuthDiscoveryFailed").implement({
  description:
    "No usable authorization server was found. The steps of the attempt show the failure.",
  interfaces: [UserError],
  fields: (t) => ({ flow: t.field({ type: OAuthFlow, resolve: ({ flow }) => flow }) }),
});

const StartOAuthResult = builder.unionType("StartOAuthResult", {
  types: [
    OAuthStarted,
    OAuthAlreadyConnected,
    OAuthClientRequired,
    OAuthAuthorizationServerRequired,
    OAuthDiscoveryFailed,
  ],
  resolveType: ({ __typename }) => __typename,
});

builder.mutationFields((t) => ({
  startOAuth: t.field({
    type: StartOAuthResult,
    ...contactsServer,
    description:
      "Starts a consent attempt for the account that the caller's calls use. RATE_LIMITED if the caller starts too many attempts.",
    args: { input: t.arg({ type: StartOAuthInput, required: true }) },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.consent.start(
        caller,
        {
          serverId: readIdOrNobody(input.serverId, "McpServer"),
          mode: input.mode ?? "POPUP",
          returnTo: input.returnTo ?? null,
          force: input.force ?? false,
          issuer: input.issuer ?? null,
        },
        budget?.signal,
      ),
  }),
  cancelOAuth: t.field({
    type: OAuthFlow,
    description:
      "Cancels a consent attempt of the caller. Returns an attempt that has already finished unchanged.",
    args: { flowId: t.arg.id({ required: true }) },
    resolve: (_root, { flowId }, { services, caller }) =>
      services.consent.cancel(caller, readIdOrNobody(flowId, "OAuthFlow")),
  }),
  disconnectOAuth: t.prismaField({
    type: "McpServer",
    description:
      "Revokes and erases the grant of the caller, or of the workspace if credentialScope is WORKSPACE.",
    args: { serverId: t.arg.id({ required: true }) },
    resolve: async (query, _root, { serverId }, { db, services, caller }) => {
      const id = readIdOrNobody(serverId, "McpServer");
      await services.consent.disconnect(caller, id);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));

builder.subscriptionField("oauthFlowUpdated", (t) =>
  t.field({
    type: OAuthFlow,
    description:
      "Sends the current state of a consent attempt, then each change until it has finished.",
    args: { flowId: t.arg.id({ required: true }) },
    subscribe: (_root, { flowId }, { services, caller }) =>
      services.live.flow(caller, readIdOrNobody(flowId, "OAuthFlow")),
    resolve: (flow) => flow,
  }),
);
