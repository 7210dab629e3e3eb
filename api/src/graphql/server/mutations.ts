import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { McpAuthType } from "./auth-type.ts";
import { CredentialScope, McpServer, OAuthGrantType } from "./mcp-server.ts";

export const HeaderInput = builder.inputType("HeaderInput", {
  description:
    "An HTTP header. On update, a null value keeps the stored value of the header with this name.",
  fields: (t) => ({ name: t.string({ required: true }), value: t.string() }),
});

/** Shared by both inputs. */
const descriptions = {
  headersExpireAt:
    "The time at which the key in the headers expires, for the forecast of the account's status. Null if it does not expire or the time is not known.",
  oauthGrantType:
    "The OAuth grant type. With CLIENT_CREDENTIALS the workspace authenticates as itself: oauthClientId is required, with oauthClientSecret or oauthPrivateKey, and credentialScope must be WORKSPACE, which is set automatically on creation. Null means AUTHORIZATION_CODE.",
  oauthPrivateKey:
    "A private key in PEM format (PKCS #8) whose public key is registered for the client ID. The client authenticates with private_key_jwt (RFC 7523) if the authorization server supports it. Write-only.",
  oauthSigningAlgorithm:
    "The algorithm for signatures with the private key, such as ES256 (default), RS256, PS256 or EdDSA.",
  oauthAuthorizationServer:
    "The issuer of the authorization server to use, whether or not the MCP server lists it. Must use https, or be a loopback address. If omitted, the authorization server that the MCP server names is used.",
  oauthScopes:
    "The scopes to request instead of those that the server names. offline_access is added if the authorization server supports it, as are scopes that a call later requires. If empty or omitted, the scopes that the server names are requested. A change takes effect at the next consent and does not revoke existing grants.",
} as const;

const CreateMcpServerInput = builder.inputType("CreateMcpServerInput", {
  fields: (t) => ({
    workspaceId: t.id({ required: true }),
    name: t.string({ required: true, description: "A name of 1 to 100 characters." }),
    url: t.string({
      required: true,
      description: "An http or https URL without user name and password.",
    }),
    description: t.string(),
    authType: t.field({
      type: McpAuthType,
      description:
        "The authentication type of the server. If omitted, it is detected with an unauthenticated request.",
    }),
    credentialScope: t.field({ type: CredentialScope, defaultValue: "PERSONAL" }),
    headers: t.field({ type: [HeaderInput] }),
    headersExpireAt: t.field({ type: "DateTime", description: descriptions.headersExpireAt }),
    oauthClientId: t.string(),
    oauthClientSecret: t.string(),
    oauthGrantType: t.field({ type: OAuthGrantType, description: descriptions.oauthGrantType }),
    oauthPrivateKey: t.string({ description: descriptions.oauthPrivateKey }),
    oauthSigningAlgorithm: t.string({ description: descriptions.oauthSigningAlgorithm }),
    oauthIssuer: t.string({
      description:
        "The issuer at which the client was registered manually. If omitted, it is set at the first consent.",
    }),
    oauthAuthorizationServer: t.string({ description: descriptions.oauthAuthorizationServer }),
    oauthScopes: t.stringList({ description: descriptions.oauthScopes }),
    requestTimeoutMs: t.int({
      description:
        "The timeout for requests to the server, in milliseconds, from 1,000 to 600,000.",
    }),
  }),
});

const UpdateMcpServerInput = builder.inputType("UpdateMcpServerInput", {
  description:
    "The settings of a server to change. Omitted fields are not changed. Null clears a field, or leaves it unchanged if a value is required (name, url, enabled, authType, credentialScope). If url changes and authType is omitted, the type is detected again; it is kept if the server does not answer. A change of url, authType, client, issuer, authorization server or credentialScope revokes the grants that were made with the old settings.",
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    url: t.string(),
    description: t.string(),
    enabled: t.boolean(),
    authType: t.field({ type: McpAuthType }),
    credentialScope: t.field({ type: CredentialScope }),
    headers: t.field({ type: [HeaderInput] }),
    headersExpireAt: t.field({ type: "DateTime", description: descriptions.headersExpireAt }),
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
      "Adds an MCP server to a workspace. The same URL can be added more than once. Requires ADMIN. CONFLICT if the workspace already has the maximum number of servers.",
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
      "Disables a server immediately and deletes it after ten seconds. All its tokens are then revoked at their authorization servers and erased. Until then the deletion can be undone with restoreMcpServer.",
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
      "Restores a deleted server with its accounts and settings, within ten seconds after deleteMcpServer. Pending consent attempts are not restored. NOT_FOUND after that time; CONFLICT if the workspace has reached its maximum number of servers. Returns a server that is not deleted unchanged.",
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
    description:
      "Requests the list of tools from the server again, with the account that the caller's calls use.",
    args: { serverId: t.arg.id({ required: true }) },
    resolve: async (query, _root, { serverId }, { db, caller, services }) => {
      const id = readIdOrNobody(serverId, "McpServer");
      await services.catalogs.refresh(caller, id);
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
