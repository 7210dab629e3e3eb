import type { Database } from "@gatehouse/prisma";
import { startInterval } from "#async/interval.ts";

/** The delay before a suspended account is tried again, which doubles each time. */
const firstDelayMs = 30_000;
const longestDelayMs = 15 * 60_000;
const everyMs = 15_000;

/**
 * Tries accounts that are suspended with TOKEN_REJECTED again, so that they recover automatically when the server accepts their tokens
 * (regressions R19). The test is a request for the list of tools; an accepted token ends the suspension.
 */
export function startSuspensionRetries(deps: {
  db: Database;
  /** Asks the server for its tools, as the account. */
  listTools(serverId: string, ownerId: string): Promise<unknown>;
  clock: { monotonicMs(): number };
  onError(error: unknown): void;
}): Disposable {
  const { db, clock } = deps;
  const waiting = new Map<string, { delayMs: number; dueMs: number }>();

  async function retryAll(): Promise<void> {
    const suspended = await db.oAuthGrant.findMany({
      where: {
        state: "REAUTH_REQUIRED",
        reason: "TOKEN_REJECTED",
        server: { enabled: true, deletedAt: null },
      },
      select: { id: true, serverId: true, ownerId: true },
    });
    const nowMs = clock.monotonicMs();
    const ids = new Set(suspended.map(({ id }) => id));
    for (const id of waiting.keys()) if (!ids.has(id)) waiting.delete(id);
    for (const { id, serverId, ownerId } of suspended) {
      const known = waiting.get(id);
      if (!known) {
        waiting.set(id, { delayMs: firstDelayMs, dueMs: nowMs + firstDelayMs });
      } else if (nowMs >= known.dueMs) {
        const delayMs = Math.min(known.delayMs * 2, longestDelayMs);
        waiting.set(id, { delayMs, dueMs: nowMs + delayMs });
        await deps.listTools(serverId, ownerId);
      }
    }
  }

  return startInterval(() => void retryAll().catch(deps.onError), everyMs);
}
