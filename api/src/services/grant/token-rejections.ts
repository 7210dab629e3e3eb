/**
 * Counts rejections of new tokens over time. Several rejections within a short time count as one, because they may have the same temporary
 * cause (promise 3 of the design).
 */
export interface TokenRejections {
  /** Records a rejection. Returns true if the server has rejected this account repeatedly, so that it should be suspended. */
  note(grantId: string, consent: string): boolean;
  /** Resets the count after the server accepted a token. */
  forget(grantId: string): void;
}

/** The number of consecutive rejections that leads to a suspension, and the minimum interval between them. */
const limit = 3;
const intervalMs = 10_000;
/** Rejections older than this are ignored. */
const memoryMs = 10 * 60_000;

/** @param clock a monotonic clock */
export function createTokenRejections(clock: { monotonicMs(): number }): TokenRejections {
  const counts = new Map<string, { consent: string; count: number; lastMs: number }>();

  return {
    note(grantId, consent) {
      const nowMs = clock.monotonicMs();
      for (const [id, { lastMs }] of counts) if (nowMs - lastMs > memoryMs) counts.delete(id);
      const known = counts.get(grantId);
      // The count starts again after a new consent.
      if (known?.consent !== consent) {
        counts.set(grantId, { consent, count: 1, lastMs: nowMs });
        return false;
      }
      if (nowMs - known.lastMs >= intervalMs) {
        known.count += 1;
        known.lastMs = nowMs;
      }
      return known.count >= limit;
    },
    forget: (grantId) => void counts.delete(grantId),
  };
}
