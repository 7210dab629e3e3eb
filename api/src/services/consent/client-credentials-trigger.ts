import type { Database, McpServer } from "@gatehouse/prisma";
import type { Clock } from "#oauth/ports.ts";
import { isAllowed } from "../access/access.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import type { Consent } from "./start-consent.ts";

/** Connects a workspace with client credentials automatically once they are set. */
export interface ClientCredentialsTrigger {
  /** Starts an attempt in the background, after the response to the admin who set the credentials. The attempt records the result. */
  start(server: McpServer, userId: string): void;
  /** Waits for an attempt on behalf of a call that finds no account. No attempt is made shortly after a failed one. */
  attempt(server: McpServer): Promise<void>;
}

export interface ClientCredentialsTriggerDeps {
  db: Database;
  consent: Pick<Consent, "connectWithClientCredentials">;
  background: BackgroundTasks;
  clock: Clock;
}

/** Prevents calls from repeating requests to an authorization server that is unavailable or rejects the client. */
const failureMemoryMs = 15_000;

export function createClientCredentialsTrigger(
  deps: ClientCredentialsTriggerDeps,
): ClientCredentialsTrigger {
  const { db, clock } = deps;
  /** The time of the last failure, by server and settings, in this process. */
  const failedAtMs = new Map<string, number>();

  async function connect(server: McpServer, userId: string): Promise<void> {
    const key = `${server.id} ${server.configVersion}`;
    for (const [known, atMs] of failedAtMs)
      if (clock.monotonicMs() - atMs > failureMemoryMs) failedAtMs.delete(known);
    let isConnected = false;
    try {
      isConnected = await deps.consent.connectWithClientCredentials(server, userId);
    } finally {
      if (isConnected) failedAtMs.delete(key);
      else failedAtMs.set(key, clock.monotonicMs());
    }
  }

  /** Finds the admin in whose name the account is connected: the server's creator if still an admin, otherwise another admin. */
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
