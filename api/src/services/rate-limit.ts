import type { Clock } from "../oauth/ports.ts";

/** A bucket of tokens per key, in memory: each process counts for itself. */
export interface RateLimiter {
  /** Takes one token. Null: taken; else how many milliseconds until there is one. */
  take(key: string): number | null;
}

/** @param options.burst how many may be taken at once; `perMinute` of them come back in a minute */
export function createRateLimiter(options: {
  clock: Clock;
  burst: number;
  perMinute: number;
}): RateLimiter {
  const { clock, burst, perMinute } = options;
  const msPerToken = 60_000 / perMinute;
  /** When each bucket will be full again, the longest untouched first. */
  const fullAt = new Map<string, number>();

  function forgetFull(now: number): void {
    for (const [key, at] of fullAt) {
      if (at > now) break;
      fullAt.delete(key);
    }
  }

  return {
    take(key) {
      const now = clock.monotonicMs();
      forgetFull(now);
      const refilledAt = Math.max(fullAt.get(key) ?? now, now) + msPerToken;
      const waitMs = refilledAt - now - burst * msPerToken;
      if (waitMs > 0) return Math.ceil(waitMs);
      fullAt.delete(key);
      fullAt.set(key, refilledAt);
      return null;
    },
  };
}
