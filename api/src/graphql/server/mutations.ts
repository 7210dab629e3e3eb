import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { McpAuthType } from "./auth-type.ts";
import { CredentialScope, McpServer, OAuthGrantType } from "./mcp-server.ts";

const HeaderInput = builder.inputType("HeaderInput", {
  description: "On update, a null value keeps the one that is stored under that name.",
  fields: (t) => ({ name: t.string({ required: true }), value: t.string() }),
});

/** Equal in both inputs. */
const descriptions = {
  oauthGrantType:
    "CLIENT_CREDENTIALS: the workspace authenticates as itself. Needs oauthClientId and oauthClientSecret or oauthPrivateKey, and credentialScope WORKSPACE, which it is set to on creation. Null: AUTHORIZATION_CODE.",
  oauthPrivateKey:
    "Write-only. A private key in PEM (PKCS #8) whose public half is registered for the client id: it proves itself by private_key_jwt (RFC 7523) where the authorization server takes that.",
  oauthSigningAlgorithm:
    "What the private key signs with: ES256 (the default), RS256, PS256, EdDSA and their like.",
  oauthAuthorizationServer:
    "The issuer of the authorization server to use, whether or not the server lists it: https, or loopback. Left out: what the server names.",
  oauthScopes:
    "What a consent asks for instead of what the server names; offline_access is added where the authorization server lists it, and what a step-up needs. Empty or left out: as the server names them. A change ends no grant: it counts from the next consent.",
} as const;

const CreateMcpServerInput = builder.inputType("CreateMcpServerInput", {
  fields: (t) => ({
    workspaceId: t.id({ required: true }),
    name: t.string({ required: true, description: "1 to 100 characters." }),
    url: t.string({
      required: true,
      description: "http or https, without user name and password.",
    }),
    description: t.string(),
    authType: t.field({
      type: McpAuthType,
      description: "Left out: detected by an unauthenticated probe.",
    }),
    credentialScope: t.field({ type: CredentialScope, defaultValue: "PERSONAL" }),
    headers: t.field({ type: [HeaderInput] }),
    oauthClientId: t.string(),
    oauthClientSecret: t.string(),
    oauthGrantType: t.field({ type: OAuthGrantType, description: descriptions.oauthGrantType }),
    oauthPrivateKey: t.string({ description: descriptions.oauthPrivateKey }),
    oauthSigningAlgorithm: t.string({ description: descriptions.oauthSigningAlgorithm }),
    oauthIssuer: t.string({
      description:
        "The issuer that a pre-registered client belongs to. Left out: pinned at the first consent.",
    }),
    oauthAuthorizationServer: t.string({ description: descriptions.oauthAuthorizationServer }),
    oauthScopes: t.stringList({ description: descriptions.oauthScopes }),
    requestTimeoutMs: t.int({ description: "1,000 to 600,000." }),
  }),
});

const UpdateMcpServerInput = builder.inputType("UpdateMcpServerInput", {
  description:
    "A field left out stays; null clears it, or leaves it as it is where a value is required (name, url, enabled, authType, credentialScope). A new URL without an authType is probed again; no answer keeps the type. A change of url, authType, client, issuer, authorization server or credentialScope revokes the grants made under the old settings.",
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    url: t.string(),
    description: t.string(),
    enabled: t.boolean(),
    authType: t.field({ type: McpAuthType }),
    credentialScope: t.field({ type: CredentialScope }),
    headers: t.field({ type: [HeaderInput] }),
    oauthClientId: t.string(),
    oauthClientSecret: t.string(),
    oauthGrantType: t.field({ type: OAuthGrantType, description: descriptions.oauthGrantType }),
    oauthPrivateKey: t.string({ description: descriptions.oauthPrivateKey }),
    oauthSigningAlgorithm: t.string({ description: descriptions.oauthSigningAlgorithm }),
    oauthIssuer: t.string(),
    oauthAuthorizationServer: t.string({ description: descriptions.oauthAuthorizationServer }),
    oauthScopes: t.stringList({ description: descriptions.oauthScopes }),
    requestTimeoutMs: t.int(),
  }),
});

builder.mutationFields((t) => ({
  createMcpServer: t.prismaField({
    type: McpServer,
    ...contactsServer,
    description:
      "One URL may stand in a workspace more than once; the app warns, the API does not refuse.",
    args: { input: t.arg({ type: CreateMcpServerInput, required: true }) },
    resolve: async (query, _root, { input }, { db, caller, services, budget }) => {
      const workspaceId = readIdOrNobody(input.workspaceId, "Workspace");
      const settings = { ...input, workspaceId };
      const { id } = await services.servers.create(caller, settings, budget?.signal);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  updateMcpServer: t.prismaField({
    type: McpServer,
    ...contactsServer,
    args: { input: t.arg({ type: UpdateMcpServerInput, required: true }) },
    resolve: async (query, _root, { input }, { db, caller, services, budget }) => {
      const settings = { ...input, id: readIdOrNobody(input.id, "McpServer") };
      const { id } = await services.servers.update(caller, settings, budget?.signal);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  deleteMcpServer: t.field({
    type: DeletedNode,
    description:
      "Out of use at once; after ten seconds every token is revoked at its authorization server and all is forgotten.",
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, { caller, services }) => {
      const id = readIdOrNobody(args.id, "McpServer");
      await services.deletion.delete(caller, id);
      return { id: encodeGlobalId("McpServer", id) };
    },
  }),
  restoreMcpServer: t.prismaField({
    type: McpServer,
    description:
      "Within those ten seconds: the server is back whole, with its accounts and settings; attempts at consent that were open stay ended. NOT_FOUND afterwards. One that is not deleted is answered as it is.",
    args: { id: t.arg.id({ required: true }) },
    resolve: async (query, _root, args, { db, caller, services }) => {
      const id = readIdOrNobody(args.id, "McpServer");
      await services.deletion.restore(caller, id);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  refreshTools: t.prismaField({
    type: McpServer,
    ...contactsServer,
    description: "Asks the server for its tools again, as the account that the caller would use.",
    args: { serverId: t.arg.id({ required: true }) },
    resolve: async (query, _root, { serverId }, { db, caller, services }) => {
      const id = readIdOrNobody(serverId, "McpServer");
      await services.catalogs.refresh(caller, id);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
