import { createSessionPool } from "#mcp/pool/session-pool.ts";
import type { Platform } from "#platform.ts";
import { type CallRows, readConsent } from "../cache/call-caches.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import { createToolSessions } from "./mcp-sessions.ts";
import { createReachability } from "./reachability.ts";
import { createSessionEvictions } from "./session-invalidation.ts";

export type SessionServices = ReturnType<typeof createSessionServices>;

export function createSessionServices(
  platform: Platform,
  { accounts, callRows }: GrantServices & { callRows: CallRows },
) {
  const { db, background, clock, changes, logger, onTopic, connections } = platform;
  const pool = createSessionPool();
  connections.defer(() => pool.close());
  const evictions = createSessionEvictions({
    db,
    pool,
    onTopic,
    onError: (error) => logger.warn({ err: error }, "pooled sessions could not be looked at"),
  });
  connections.use(evictions);
  const reachability = createReachability({ db, background, clock, changes });
  const openUnwatchedSession = createToolSessions({
    pool,
    accounts,
    fetchFor: platform.mcpFetchFor,
    streamFetchFor: platform.streamFetchFor,
    clientInfo: platform.clientInfo,
    watchAccount: (account) => evictions.watchAccount(account),
    consentOf: ({ serverId, ownerId }) => readConsent(callRows, serverId, ownerId),
  });
  return {
    pool,
    evictions,
    reachability,
    openUnwatchedSession,
    openSession: reachability.watch(openUnwatchedSession),
  };
}
