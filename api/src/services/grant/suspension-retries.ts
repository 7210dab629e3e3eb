import type { Database } from "@gatehouse/prisma";
import { startTurns } from "#async/interval.ts";

/** A suspended account is tried again first after so long, then after twice as long each time. */
const firstDelayMs = 30_000;
const longestDelayMs = 15 * 60_000;
const everyMs = 15_000;

/**
 * Accounts that are suspended as TOKEN_REJECTED come back by themselves when the server relents (regressions R19): asking for its
 * tools is what tells, and an accepted token lifts the suspension.
 */
export function startSuspensionProbes(deps: {
  db: Database;
  /** Asks the server for its tools, as the account. */
  listTools(serverId: string, ownerId: string): Promise<unknown>;
  clock: { monotonicMs(): number };
  onError(error: unknown): void;
}): Disposable {
  const { db, clock } = deps;
  const waiting = new Map<string, { delayMs: number; dueMs: number }>();

  async function turn(): Promise<void> {
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

  return startTurns(() => void turn().catch(deps.onError), everyMs);
}
