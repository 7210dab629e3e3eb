/**
 * Counts rejections of access tokens over time. An account is suspended only if the server rejects several newly issued tokens over at least
 * a minute (promise 3 of the design, regressions I23). A token that was accepted before and is rejected later was revoked: the count starts
 * again.
 */
export interface TokenRejections {
  /**
   * Records a rejection of the newest token. Returns true if the account should be suspended.
   * @param consent identifies the consent; a new one starts the count again
   * @param version of the grant that the token belongs to
   */
  note(grantId: string, consent: string, version: number): boolean;
  /** Records that the server accepted a token of this version, and resets the count. */
  accept(grantId: string, version: number): void;
  /** Whether the server accepted a token of this version, as far as this process knows. */
  wasAccepted(grantId: string, version: number): boolean;
}

/** The number of consecutive rejections that leads to a suspension, and the minimum time from the first to the last. */
const limit = 3;
const leastMs = 60_000;
/** A token that cannot be refreshed is counted again after this time. */
const intervalMs = 30_000;
/** Rejections older than this are ignored. */
const memoryMs = 10 * 60_000;
const mostAccepted = 10_000;

interface Count {
  consent: string;
  version: number;
  count: number;
  firstMs: number;
  lastMs: number;
}

/** @param clock a monotonic clock */
export function createTokenRejections(clock: { monotonicMs(): number }): TokenRejections {
  const counts = new Map<string, Count>();
  const accepted = new Map<string, number>();

  return {
    note(grantId, consent, version) {
      const nowMs = clock.monotonicMs();
      for (const [id, { lastMs }] of counts) if (nowMs - lastMs > memoryMs) counts.delete(id);
      const known = counts.get(grantId);
      if (known?.consent !== consent) {
        counts.set(grantId, { consent, version, count: 1, firstMs: nowMs, lastMs: nowMs });
        return false;
      }
      if (known.version !== version || nowMs - known.lastMs >= intervalMs) {
        known.count += 1;
        known.version = version;
        known.lastMs = nowMs;
      }
      return known.count >= limit && nowMs - known.firstMs >= leastMs;
    },
    accept(grantId, version) {
      counts.delete(grantId);
      if (accepted.get(grantId) === version) return;
      accepted.delete(grantId);
      accepted.set(grantId, version);
      const [oldest] = accepted.keys();
      if (accepted.size > mostAccepted && oldest !== undefined) accepted.delete(oldest);
    },
    wasAccepted: (grantId, version) => accepted.get(grantId) === version,
  };
}
