import { createSessionPool } from "#mcp/pool/session-pool.ts";
import type { Platform } from "#platform.ts";
import { type CallCaches, readConsent } from "../cache/call-caches.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import { createMcpSessions } from "./mcp-sessions.ts";
import { createReachability } from "./reachability.ts";
import { createSessionInvalidation } from "./session-invalidation.ts";

export type SessionServices = ReturnType<typeof createSessionServices>;

export function createSessionServices(
  platform: Platform,
  { accounts, keys, callCaches }: GrantServices & { callCaches: CallCaches },
) {
  const { db, background, clock, changes, logger, onTopic, connections } = platform;
  const pool = createSessionPool();
  connections.defer(() => pool.close());
  const evictions = createSessionInvalidation({
    db,
    pool,
    onTopic,
    onError: (error) => logger.warn({ err: error }, "pooled sessions could not be looked at"),
  });
  connections.use(evictions);
  const reachability = createReachability({ db, background, clock, changes });
  const openUnwatchedSession = createMcpSessions({
    pool,
    accounts,
    fetchFor: platform.mcpFetchFor,
    streamFetchFor: platform.streamFetchFor,
    clientInfo: platform.clientInfo,
    watchAccount: (account) => evictions.watchAccount(account),
    keyOf: (account) => keys.identify(account),
    consentOf: ({ serverId, ownerId }) => readConsent(callCaches, serverId, ownerId),
  });
  return {
    pool,
    evictions,
    reachability,
    openUnwatchedSession,
    openSession: reachability.watch(openUnwatchedSession),
  };
}
