import type { Database, McpServer } from "@gatehouse/prisma";
import type { Clock } from "#oauth/ports.ts";
import { isAllowed } from "../access/access.ts";
import type { Background } from "#async/background-tasks.ts";
import type { Consent } from "./start-consent.ts";

/** Connects a workspace as itself without anybody's asking, where client credentials are set. */
export interface SelfConnection {
  /** Behind the answer to the admin who has just set them; what it comes to is told by the attempt. */
  start(server: McpServer, userId: string): void;
  /** For a call that finds no account, which waits for it. None is begun soon after one that failed. */
  attempt(server: McpServer): Promise<void>;
}

export interface SelfConnectionDeps {
  db: Database;
  consent: Pick<Consent, "connectItself">;
  background: Background;
  clock: Clock;
}

/** An authorization server that is away, or refuses the client, is not asked by every call. */
const failureMemoryMs = 15_000;

export function createSelfConnection(deps: SelfConnectionDeps): SelfConnection {
  const { db, clock } = deps;
  /** By server and settings, in this process. */
  const failedAtMs = new Map<string, number>();

  async function connect(server: McpServer, userId: string): Promise<void> {
    const key = `${server.id} ${server.configVersion}`;
    for (const [known, atMs] of failedAtMs)
      if (clock.monotonicMs() - atMs > failureMemoryMs) failedAtMs.delete(known);
    let isConnected = false;
    try {
      isConnected = await deps.consent.connectItself(server, userId);
    } finally {
      if (isConnected) failedAtMs.delete(key);
      else failedAtMs.set(key, clock.monotonicMs());
    }
  }

  /** In whose name: the server's creator, or whoever else may by now. */
  async function findAdmin({ workspaceId, createdById }: McpServer): Promise<string | null> {
    const members = await db.membership.findMany({
      where: { workspaceId },
      orderBy: { createdAt: "asc" },
    });
    const admins = members.filter(({ role }) => isAllowed(role, "administer"));
    const admin = admins.find(({ userId }) => userId === createdById) ?? admins[0];
    return admin?.userId ?? null;
  }

  return {
    start(server, userId) {
      deps.background.start("a workspace's connection as itself", () => connect(server, userId));
    },

    async attempt(server) {
      const failedAt = failedAtMs.get(`${server.id} ${server.configVersion}`) ?? -Infinity;
      if (clock.monotonicMs() - failedAt <= failureMemoryMs) return;
      const userId = await findAdmin(server);
      if (userId !== null) await connect(server, userId);
    },
  };
}
