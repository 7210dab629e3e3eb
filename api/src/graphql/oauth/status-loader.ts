import type {
  Database,
  McpServer,
  OAuthClient,
  OAuthFlow,
  OAuthGrant,
  Prisma,
  ServerKey,
} from "@gatehouse/prisma";
import DataLoader from "dataloader";
import { type Caller, ownerOf } from "#services/access/access.ts";

const grantSelection = {
  id: true,
  serverId: true,
  ownerId: true,
  state: true,
  reason: true,
  issuer: true,
  requestedScopes: true,
  grantedScopes: true,
  accessTokenExpiresAt: true,
  grantType: true,
  accessToken: true,
  refreshToken: true,
  refreshTokenExpiresAt: true,
  refreshFailures: true,
  connectedAt: true,
  lastRefreshedAt: true,
  connectedById: true,
  client: { select: { kind: true, clientSecretExpiresAt: true } },
} satisfies Prisma.OAuthGrantSelect;

const keySelection = {
  serverId: true,
  ownerId: true,
  state: true,
  configVersion: true,
  headerNames: true,
  expiresAt: true,
} satisfies Prisma.ServerKeySelect;

type KeyRow = Pick<ServerKey, keyof typeof keySelection>;

type GrantRow = Pick<OAuthGrant, Exclude<keyof typeof grantSelection, "client">> & {
  client: Pick<OAuthClient, "kind" | "clientSecretExpiresAt"> | null;
};

/** The properties of a server from which its status is derived. */
export type StatusKey = Pick<
  McpServer,
  | "id"
  | "workspaceId"
  | "authType"
  | "credentialScope"
  | "configVersion"
  | "headerNames"
  | "headersExpireAt"
>;

export interface OAuthStatusShape {
  server: StatusKey;
  grant: GrantRow | null;
  key: KeyRow | null;
  activeFlow: OAuthFlow | null;
}

export type StatusLoader = DataLoader<StatusKey, OAuthStatusShape, string>;

/** Loads the status of any number of servers in a statement for each kind of row, as the caller sees it. */
export function createStatusLoader(db: Database, caller: Caller | null): StatusLoader {
  return new DataLoader(
    async (servers) => {
      if (!caller)
        return servers.map((server) => ({ server, grant: null, key: null, activeFlow: null }));
      const serverId = {
        in: servers.filter(({ authType }) => authType === "OAUTH").map(({ id }) => id),
      };
      const ownerId = {
        in: [caller.userId, ...new Set(servers.map(({ workspaceId }) => workspaceId))],
      };
      const keyedId = {
        in: servers.filter(({ authType }) => authType === "HEADERS").map(({ id }) => id),
      };
      const [grants, keys, flows] = await Promise.all([
        db.oAuthGrant.findMany({ where: { serverId, ownerId }, select: grantSelection }),
        keyedId.in.length === 0
          ? []
          : db.serverKey.findMany({ where: { serverId: keyedId, ownerId }, select: keySelection }),
        db.oAuthFlow.findMany({
          where: {
            serverId,
            userId: caller.userId,
            status: "PENDING",
            expiresAt: { gt: new Date() },
          },
          orderBy: { startedAt: "asc" },
        }),
      ]);
      const grantByAccount = new Map(
        grants.map((grant) => [`${grant.serverId} ${grant.ownerId}`, grant]),
      );
      const keyByAccount = new Map(keys.map((key) => [`${key.serverId} ${key.ownerId}`, key]));
      // The latest flow overwrites earlier ones.
      const flowByServer = new Map(flows.map((flow) => [flow.serverId, flow]));
      return servers.map((server) => ({
        server,
        grant: grantByAccount.get(`${server.id} ${ownerOf(server, caller)}`) ?? null,
        key: keyByAccount.get(`${server.id} ${ownerOf(server, caller)}`) ?? null,
        activeFlow: flowByServer.get(server.id) ?? null,
      }));
    },
    { cache: false, cacheKeyFn: ({ id }) => id },
  );
}
