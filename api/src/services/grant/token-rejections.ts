/** Counts refusals of fresh tokens over time: a burst during a hiccup is one refusal, not many (promise 3 of the design). */
export interface Rejections {
  /** True when the server has refused this account again and again, so that it is to be suspended. */
  note(grantId: string, consent: string): boolean;
  /** The server took a token: what was counted is forgotten. */
  forget(grantId: string): void;
}

/** So many in a row, each so long after the one before. */
const limit = 3;
const intervalMs = 10_000;
/** What is older says nothing about today. */
const memoryMs = 10 * 60_000;

/** @param clock monotonic */
export function createRejections(clock: { monotonicMs(): number }): Rejections {
  const counts = new Map<string, { consent: string; count: number; lastMs: number }>();

  return {
    note(grantId, consent) {
      const nowMs = clock.monotonicMs();
      for (const [id, { lastMs }] of counts) if (nowMs - lastMs > memoryMs) counts.delete(id);
      const known = counts.get(grantId);
      // A new consent begins with a clean sheet.
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
