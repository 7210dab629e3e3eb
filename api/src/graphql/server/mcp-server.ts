import { isAllowed, visibleTo } from "#services/access/access.ts";
import { builder } from "../builder.ts";
import { loadsCatalog } from "../document-limits.ts";
import { readId } from "../global-id.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { OAuthStatus } from "../oauth/status.ts";
import { McpAuthType } from "./auth-type.ts";
import { pageOf, searchIn } from "./listed.ts";
import { McpTool, McpToolConnection, McpToolEdge } from "./tool.ts";

export const CredentialScope = builder.enumType("CredentialScope", {
  description: "The accounts with which members use a server.",
  values: {
    PERSONAL: { description: "Each member connects their own account." },
    WORKSPACE: {
      description: "An admin connects one account, and the calls of all members use it.",
    },
  } as const,
});

export const OAuthGrantType = builder.enumType("OAuthGrantType", {
  description: "The ways in which an account obtains its grant.",
  values: {
    AUTHORIZATION_CODE: { description: "A user gives consent." },
    CLIENT_CREDENTIALS: {
      description:
        "The workspace authenticates as itself without user consent, with a manually registered client ID and a client secret or private key. The account connects automatically once these are set, and when a call finds no grant, but not after disconnectOAuth. credentialScope must be WORKSPACE.",
    },
  } as const,
});

const ReachabilityState = builder.enumType("ReachabilityState", {
  values: ["UNKNOWN", "REACHABLE", "UNREACHABLE"] as const,
});

interface ReachabilityShape {
  state: "UNKNOWN" | "REACHABLE" | "UNREACHABLE";
  checkedAt: Date | null;
  message: string | null;
}

export const Reachability = builder.objectRef<ReachabilityShape>("Reachability").implement({
  description: "The result of the last request to the server.",
  fields: (t) => ({
    state: t.expose("state", { type: ReachabilityState }),
    checkedAt: t.expose("checkedAt", { type: "DateTime", nullable: true }),
    message: t.exposeString("message", {
      nullable: true,
      description: "The reason that the server is unreachable, in one sentence.",
    }),
  }),
});

/** A query string can contain a key. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

export const McpServer = builder.prismaNode("McpServer", {
  description: "An MCP server that is configured in a workspace.",
  id: { ...sameForAll, field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, workspace: visibleTo(caller) }),
  select: {
    id: true,
    workspaceId: true,
    authType: true,
    credentialScope: true,
    configVersion: true,
    headerNames: true,
    headersExpireAt: true,
    enabled: true,
    deletedAt: true,
  },
  fields: (t) => ({
    workspace: t.relation("workspace"),
    name: t.exposeString("name", sameForAll),
    url: t.field({
      type: "URL",
      description:
        "The URL of the server. Its query string is removed for callers below ADMIN, because it may contain an API key.",
      select: { url: true },
      resolve: async ({ url, workspaceId }, _args, { roles }) => {
        const role = await roles.load(workspaceId);
        return role && isAllowed(role, "administer") ? url : withoutQuery(url);
      },
    }),
    description: t.exposeString("description", { nullable: true }),
    enabled: t.exposeBoolean("enabled", {
      description: "Whether the server is enabled. The tools of a disabled server cannot be run.",
    }),
    deletedAt: t.expose("deletedAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the server was deleted. Set only while the deletion can be undone with restoreMcpServer.",
    }),
    authType: t.expose("authType", { type: McpAuthType }),
    credentialScope: t.expose("credentialScope", { type: CredentialScope }),
    headerNames: t.exposeStringList("headerNames", {
      description: "The names of the configured headers. The values are write-only.",
    }),
    headersExpireAt: t.expose("headersExpireAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the key in the configured headers expires, as an admin entered it. Null if it is not known.",
    }),
    myHeaderNames: t.stringList({
      description:
        "The names of the headers that the caller entered with setMyHeaders. The values are write-only.",
      resolve: async (server, _args, { oauthStatus }) =>
        server.credentialScope === "PERSONAL"
          ? ((await oauthStatus.load(server)).key?.headerNames ?? [])
          : [],
    }),
    myHeadersExpireAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the caller's own key expires, as the caller entered it. Null if it is not known.",
      resolve: async (server, _args, { oauthStatus }) =>
        server.credentialScope === "PERSONAL"
          ? ((await oauthStatus.load(server)).key?.expiresAt ?? null)
          : null,
    }),
    oauthClientId: t.exposeString("oauthClientId", { nullable: true }),
    hasOAuthClientSecret: t.boolean({
      select: { oauthClientSecret: true },
      resolve: ({ oauthClientSecret }) => oauthClientSecret !== null,
    }),
    oauthGrantType: t.expose("oauthGrantType", {
      type: OAuthGrantType,
      description:
        "The OAuth grant type: whether a user gives consent or the workspace authenticates as itself.",
    }),
    hasOAuthPrivateKey: t.boolean({
      description:
        "Whether a private key is stored with which the client authenticates (private_key_jwt).",
      select: { oauthPrivateKey: true },
      resolve: ({ oauthPrivateKey }) => oauthPrivateKey !== null,
    }),
    oauthSigningAlgorithm: t.exposeString("oauthSigningAlgorithm", {
      nullable: true,
      description:
        "The algorithm for signatures with the private key, such as ES256. Null if there is no private key.",
    }),
    oauthIssuer: t.field({
      type: "URL",
      nullable: true,
      description:
        "The issuer at which the client was registered manually. Null until it is set by an admin or at the first consent.",
      select: { oauthIssuer: true },
      resolve: ({ oauthIssuer }) => oauthIssuer,
    }),
    oauthAuthorizationServer: t.field({
      type: "URL",
      nullable: true,
      description:
        "The issuer of the authorization server that an admin selected, whether or not the MCP server lists it. Null if the authorization server that the MCP server names is used.",
      select: { oauthAuthorizationServer: true },
      resolve: ({ oauthAuthorizationServer }) => oauthAuthorizationServer,
    }),
    oauthTrustedIssuer: t.field({
      type: "URL",
      nullable: true,
      description:
        "The issuer that an admin trusts for this server, although the metadata was found at another address of the same origin. Null if there is none.",
      select: { oauthTrustedIssuer: true },
      resolve: ({ oauthTrustedIssuer }) => oauthTrustedIssuer,
    }),
    oauthScopes: t.stringList({
      nullable: true,
      description:
        "The scopes that are requested instead of those that the server names. Null if the server's scopes are requested.",
      select: { oauthScopes: true },
      resolve: ({ oauthScopes }) => (oauthScopes.length > 0 ? oauthScopes : null),
    }),
    requestTimeoutMs: t.exposeInt("requestTimeoutMs"),
    oauthStatus: t.field({
      type: OAuthStatus,
      description:
        "The status of the account that the caller's calls use, with OAuth or a key: the caller's own account, or the workspace's account if credentialScope is WORKSPACE.",
      resolve: (server, _args, { oauthStatus }) => oauthStatus.load(server),
    }),
    reachability: t.field({
      type: Reachability,
      select: { reachability: true, reachabilityCheckedAt: true, reachabilityMessage: true },
      resolve: (server) => ({
        state: server.reachability,
        checkedAt: server.reachabilityCheckedAt,
        message: server.reachabilityMessage,
      }),
    }),
    tools: t.connection(
      {
        ...loadsCatalog,
        type: McpTool,
        description: "The tools of the server, for the account that the caller's calls use.",
        args: {
          search: t.arg.string({
            description: "Filters by a substring of the name, title or description.",
          }),
        },
        resolve: async (server, args, context) => {
          const stored = await context.catalogs.load(server);
          const found = searchIn(stored?.tools ?? [], args.search, (tool) => tool.name);
          return pageOf(
            args,
            found.map((tool) => ({ serverId: server.id, tool })),
          );
        },
      },
      McpToolConnection,
      McpToolEdge,
    ),
    tool: t.field({
      ...loadsCatalog,
      type: McpTool,
      nullable: true,
      args: { name: t.arg.string({ required: true }) },
      resolve: async (server, { name }, { catalogs }) => {
        const stored = await catalogs.load(server);
        const tool = stored?.tools.find((one) => one.name === name);
        return tool ? { serverId: server.id, tool } : null;
      },
    }),
    createdBy: t.relation("createdBy", { nullable: true }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    updatedAt: t.expose("updatedAt", { type: "DateTime" }),
  }),
});

builder.queryField("mcpServer", (t) =>
  t.prismaField({
    type: McpServer,
    nullable: true,
    description: "A server in one of the caller's workspaces.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, args, { db, caller }) => {
      const id = readId(args.id, "McpServer");
      return id
        ? db.mcpServer.findFirst({ ...query, where: { id, workspace: visibleTo(caller) } })
        : null;
    },
  }),
);
