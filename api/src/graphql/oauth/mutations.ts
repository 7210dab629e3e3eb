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
      description: "REDIRECT mode: a path of this application to come back to.",
    }),
    force: t.boolean({
      defaultValue: false,
      description: "Ask for consent even though a working grant exists.",
    }),
    issuer: t.string({
      description:
        "The authorization server to go to: one of those that OAuthAuthorizationServerRequired offered. Left out: the one that the settings name, that of the account's earlier grant, or the only one that works. BAD_USER_INPUT when the settings name another; OAuthDiscoveryFailed when the server does not list it.",
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
      description: "The consent page. It holds the state: for the caller's browser alone.",
    }),
  }),
});

const OAuthAlreadyConnected = builder
  .objectRef<AlreadyConnected>("OAuthAlreadyConnected")
  .implement({
    description: "The stored grant works (it was refreshed if need be); no consent is needed.",
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
    "Neither metadata documents nor dynamic registration: someone must register a client by hand.",
  interfaces: [UserError],
  fields: (t) => ({
    issuer: t.expose("issuer", { type: "URL", nullable: true }),
    redirectUri: t.expose("redirectUri", { type: "URL", description: "What to register it with." }),
  }),
});

const OAuthAuthorizationServerRequired = builder
  .objectRef<AuthorizationServerRequired>("OAuthAuthorizationServerRequired")
  .implement({
    description:
      "The server can be signed in to at more than one authorization server, and nothing says at which: start again with the issuer that the person chooses.",
    interfaces: [UserError],
    fields: (t) => ({
      authorizationServers: t.field({
        type: [AuthorizationServerOption],
        description:
          "In the order in which the server lists them; those that do not work are left out.",
        resolve: ({ authorizationServers }) => authorizationServers,
      }),
    }),
  });

const OAuthDiscoveryFailed = builder.objectRef<DiscoveryFailed>("OAuthDiscoveryFailed").implement({
  description:
    "No authorization server could be found or used; the attempt's steps tell where it broke.",
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
    description: "Begins an attempt at consent with the account that the caller would use.",
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
    description: "Ends an attempt of the caller's; one that is over already is answered as it is.",
    args: { flowId: t.arg.id({ required: true }) },
    resolve: (_root, { flowId }, { services, caller }) =>
      services.consent.cancel(caller, readIdOrNobody(flowId, "OAuthFlow")),
  }),
  disconnectOAuth: t.prismaField({
    type: "McpServer",
    description: "Revokes the caller's grant (or the workspace's) and forgets it.",
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
      "A consent attempt: its present shape at once, then each change until it is finished.",
    args: { flowId: t.arg.id({ required: true }) },
    subscribe: (_root, { flowId }, { services, caller }) =>
      services.live.flow(caller, readIdOrNobody(flowId, "OAuthFlow")),
    resolve: (flow) => flow,
  }),
);
