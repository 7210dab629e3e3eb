import type { Database, McpServer } from "@gatehouse/prisma";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import type { Refresher } from "#oauth/refresher.ts";
import {
  createAccessTokenCache,
  type ReadToken,
  type SentToken,
} from "../cache/access-token-cache.ts";
import type { CallCaches } from "../cache/call-caches.ts";
import { needsClientCredentials } from "./needs-client-credentials.ts";
import { findGrant } from "./find-grant.ts";
import { changedMeanwhile, type Stop } from "./refusal.ts";

/** The access tokens of the accounts, cached or read from the database and refreshed if necessary. */
export interface AccessTokens {
  /** Returns the cached token, or null if it must be read. */
  recall(server: McpServer, ownerId: string): SentToken | null;
  /**
   * Returns a token that may be sent to `server` with the settings that were read.
   * @param rejected the token that the server rejected; it is refreshed unless a newer one exists
   */
  read(server: McpServer, ownerId: string, rejected?: RejectedToken): Promise<SentToken | Stop>;
  /** Returns a valid token, regardless of the server's settings. It must not be sent. */
  ask(server: McpServer, ownerId: string): Promise<ReadToken | Stop>;
  /** Removes the token from the cache after the server rejected it. */
  forget(server: McpServer, ownerId: string): void;
}

export interface RejectedToken {
  token: string;
  /** Whether the server accepted it before, so that it was revoked since. */
  wasAccepted: boolean;
}

export interface AccessTokensDeps {
  db: Database;
  refresher: Refresher;
  rows: Pick<CallCaches, "servers" | "grants">;
  background: Pick<BackgroundTasks, "start">;
  clock: { monotonicMs(): number };
  /** Starts connecting an account with client credentials if none is connected. Resolves when the attempt has ended, with either result. */
  connectWithClientCredentials(server: McpServer): Promise<void>;
}

interface UsedGrant {
  id: string;
  lastUsedAt: Date | null;
}

const dayMs = 24 * 60 * 60_000;

export function createAccessTokens(deps: AccessTokensDeps): AccessTokens {
  const cache = createAccessTokenCache(deps.rows, deps.clock);
  /** Grant rows for which the use has already been recorded. */
  const recorded = new WeakSet<object>();

  /**
   * Records the use of a grant once per day, because unused grants are not refreshed in the background. Runs in the background, so that
   * calls neither wait for it nor fail because of it.
   */
  function recordUse(grant: UsedGrant): void {
    const { id, lastUsedAt } = grant;
    if (recorded.has(grant) || (lastUsedAt && Date.now() - lastUsedAt.getTime() < dayMs)) return;
    recorded.add(grant);
    deps.background.start("note of an account's use", () => storeUse(deps.db, id));
  }

  const ask: AskForToken = (server, ownerId, rejected) =>
    askForToken(deps, recordUse, server, ownerId, rejected);

  return {
    recall(server, ownerId) {
      const known = cache.recall(server, ownerId);
      if (!known) return null;
      recordUse(known.grant);
      return known.sent;
    },

    async read(server, ownerId, rejected) {
      const prepared = await cache.prepare(server, ownerId);
      const answer = await ask(server, ownerId, rejected);
      if ("kind" in answer) return answer;
      // Checked after the token was read. A change of the settings ends earlier grants first, so a token that was read under unchanged
      // settings belongs to them and is never sent to an outdated URL.
      if (!(await isUnchanged(deps.db, server))) return changedMeanwhile;
      prepared.keep(answer);
      return answer;
    },

    ask: (server, ownerId) => ask(server, ownerId),
    forget: (server, ownerId) => cache.forget(server, ownerId),
  };
}

type AskForToken = (
  server: McpServer,
  ownerId: string,
  rejected?: RejectedToken,
) => Promise<ReadToken | Stop>;

async function askForToken(
  { db, refresher, connectWithClientCredentials }: AccessTokensDeps,
  recordUse: (grant: UsedGrant) => void,
  server: McpServer,
  ownerId: string,
  rejected?: RejectedToken,
): Promise<ReadToken | Stop> {
  let grant = await findGrant(db, server, ownerId);
  if (needsClientCredentials(server, grant)) {
    await connectWithClientCredentials(server);
    grant = await findGrant(db, server, ownerId);
  }
  if (!grant || grant.state === "DISCONNECTED")
    return { kind: "reauth", reason: grant?.reason ?? "NOT_CONNECTED" };
  recordUse(grant);
  const answer = await refresher.accessToken(
    grant.id,
    rejected ? { rejected: rejected.token, wasAccepted: rejected.wasAccepted } : {},
  );
  switch (answer.kind) {
    case "token":
      return {
        token: answer.accessToken,
        version: answer.version,
        grantId: grant.id,
        expiresInMs: answer.expiresInMs,
      };
    case "dead":
      return { kind: "reauth", reason: answer.reason };
    case "gone":
      return { kind: "reauth", reason: "NOT_CONNECTED" };
    case "transient":
      return { kind: "transient", message: answer.detail };
  }
}

/** Whether the server exists with the settings that were read. */
async function isUnchanged(db: Database, server: McpServer): Promise<boolean> {
  const settings = await db.mcpServer.findUnique({
    where: { id: server.id },
    select: { configVersion: true, deletedAt: true },
  });
  return settings?.configVersion === server.configVersion && settings.deletedAt === null;
}

async function storeUse(db: Database, grantId: string): Promise<void> {
  await db.$executeRaw`
    UPDATE "OAuthGrant" SET "lastUsedAt" = clock_timestamp()
    WHERE "id" = ${grantId}::uuid AND ("lastUsedAt" IS NULL OR "lastUsedAt" < clock_timestamp() - interval '23 hours')`;
}
