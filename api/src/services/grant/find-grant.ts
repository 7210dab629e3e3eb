import type { Database, McpServer } from "@gatehouse/prisma";

/** Returns the grant of an owner at a server, without its tokens, or null. */
export function findGrant(db: Database, server: McpServer, ownerId: string) {
  return db.oAuthGrant.findUnique({
    where: { serverId_ownerId: { serverId: server.id, ownerId } },
    select: {
      id: true,
      state: true,
      reason: true,
      version: true,
      connectedAt: true,
      stepUps: true,
      challengedScopes: true,
      issuer: true,
      refreshFailures: true,
      lastUsedAt: true,
    },
  });
}
