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
  description: "Whose account a server is used with.",
  values: {
    PERSONAL: { description: "Each member connects an account of their own." },
    WORKSPACE: { description: "An admin connects once; every member's calls run as that account." },
  } as const,
});

export const OAuthGrantType = builder.enumType("OAuthGrantType", {
  description: "How an account is connected.",
  values: {
    AUTHORIZATION_CODE: { description: "A person consents." },
    CLIENT_CREDENTIALS: {
      description:
        "Nobody consents: the workspace authenticates as itself, with a client id and a client secret or a private key that were registered by hand. It connects by itself once they are set, and when a call finds no account; not after disconnectOAuth. credentialScope is WORKSPACE.",
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
  description: "Whether the server answered when it was last asked.",
  fields: (t) => ({
    state: t.expose("state", { type: ReachabilityState }),
    checkedAt: t.expose("checkedAt", { type: "DateTime", nullable: true }),
    message: t.exposeString("message", {
      nullable: true,
      description: "Why not, in one sentence.",
    }),
  }),
});

/** A query may hold a key. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

export const McpServer = builder.prismaNode("McpServer", {
  description: "An MCP server that a workspace uses.",
  id: { ...sameForAll, field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, workspace: visibleTo(caller) }),
  select: {
    id: true,
    workspaceId: true,
    authType: true,
    credentialScope: true,
    enabled: true,
    deletedAt: true,
  },
  fields: (t) => ({
    workspace: t.relation("workspace"),
    name: t.exposeString("name", sameForAll),
    url: t.field({
      type: "URL",
      description: "Without its query for anyone below ADMIN: a query may hold a key.",
      select: { url: true },
      resolve: async ({ url, workspaceId }, _args, { roles }) => {
        const role = await roles.load(workspaceId);
        return role && isAllowed(role, "administer") ? url : withoutQuery(url);
      },
    }),
    description: t.exposeString("description", { nullable: true }),
    enabled: t.exposeBoolean("enabled", { description: "False: no tool runs." }),
    deletedAt: t.expose("deletedAt", {
      type: "DateTime",
      nullable: true,
      description: "Set while a deletion can still be undone.",
    }),
    authType: t.expose("authType", { type: McpAuthType }),
    credentialScope: t.expose("credentialScope", { type: CredentialScope }),
    headerNames: t.exposeStringList("headerNames", {
      description: "Names only. Values are write-only.",
    }),
    oauthClientId: t.exposeString("oauthClientId", { nullable: true }),
    hasOAuthClientSecret: t.boolean({
      select: { oauthClientSecret: true },
      resolve: ({ oauthClientSecret }) => oauthClientSecret !== null,
    }),
    oauthGrantType: t.expose("oauthGrantType", {
      type: OAuthGrantType,
      description: "Whether a person consents, or the workspace authenticates as itself.",
    }),
    hasOAuthPrivateKey: t.boolean({
      description:
        "Whether a private key is held, with which the client proves itself (private_key_jwt).",
      select: { oauthPrivateKey: true },
      resolve: ({ oauthPrivateKey }) => oauthPrivateKey !== null,
    }),
    oauthSigningAlgorithm: t.exposeString("oauthSigningAlgorithm", {
      nullable: true,
      description: "What the private key signs with, such as ES256; null without one.",
    }),
    oauthIssuer: t.field({
      type: "URL",
      nullable: true,
      description:
        "The issuer that the pre-registered client belongs to; null until one is named or pinned.",
      select: { oauthIssuer: true },
      resolve: ({ oauthIssuer }) => oauthIssuer,
    }),
    oauthAuthorizationServer: t.field({
      type: "URL",
      nullable: true,
      description:
        "The issuer of the authorization server that an admin has chosen, listed by the server or not; null: as the server names it.",
      select: { oauthAuthorizationServer: true },
      resolve: ({ oauthAuthorizationServer }) => oauthAuthorizationServer,
    }),
    oauthScopes: t.stringList({
      nullable: true,
      description:
        "What a consent asks for instead of what the server names; null: as the server names it.",
      select: { oauthScopes: true },
      resolve: ({ oauthScopes }) => (oauthScopes.length > 0 ? oauthScopes : null),
    }),
    requestTimeoutMs: t.exposeInt("requestTimeoutMs"),
    oauthStatus: t.field({
      type: OAuthStatus,
      description:
        "For the caller: their own account, or the workspace's when credentialScope is WORKSPACE.",
      resolve: ({ id, workspaceId, authType, credentialScope }, _args, { oauthStatus }) =>
        oauthStatus.load({ id, workspaceId, authType, credentialScope }),
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
        description: "As the account sees them that the caller would use.",
        args: { search: t.arg.string({ description: "Part of a name, title or description." }) },
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
    description: "A server of one of the caller's workspaces.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, args, { db, caller }) => {
      const id = readId(args.id, "McpServer");
      return id
        ? db.mcpServer.findFirst({ ...query, where: { id, workspace: visibleTo(caller) } })
        : null;
    },
  }),
);
