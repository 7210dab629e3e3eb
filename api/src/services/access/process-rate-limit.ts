/**
 * A token bucket per key, in the memory of this process. It is synchronous, so it can be used on paths that must not wait for the database.
 */
export interface ProcessRateLimiter {
  /** The time until a token is available, in milliseconds. 0 if one is available now. */
  waitMs(key: string): number;
  /** Takes one token, even if none is available; call `waitMs` first. */
  take(key: string): void;
}

export interface ProcessRateLimit {
  /** The capacity of the bucket. */
  burst: number;
  /** The number of tokens that are refilled per minute. */
  perMinute: number;
}

/** Full buckets are removed after this many keys have been added since the last removal. The cost is therefore constant per key. */
const sweepEvery = 1_000;

/** @param monotonicMs the current time in milliseconds, on a clock that never goes backwards */
export function createProcessRateLimiter(
  { burst, perMinute }: ProcessRateLimit,
  monotonicMs: () => number,
): ProcessRateLimiter {
  const tokenMs = 60_000 / perMinute;
  /** The time at which each bucket will be full again. Full buckets need no entry. */
  const fullAtMs = new Map<string, number>();
  let sweepAt = sweepEvery;

  function sweep(nowMs: number): void {
    for (const [key, atMs] of fullAtMs) if (atMs <= nowMs) fullAtMs.delete(key);
    sweepAt = fullAtMs.size + sweepEvery;
  }

  return {
    waitMs(key) {
      const nowMs = monotonicMs();
      const nextMs = Math.max(fullAtMs.get(key) ?? 0, nowMs) + tokenMs;
      return Math.max(0, Math.ceil(nextMs - nowMs - burst * tokenMs));
    },
    take(key) {
      const nowMs = monotonicMs();
      if (fullAtMs.size >= sweepAt) sweep(nowMs);
      fullAtMs.set(key, Math.max(fullAtMs.get(key) ?? 0, nowMs) + tokenMs);
    },
  };
}
