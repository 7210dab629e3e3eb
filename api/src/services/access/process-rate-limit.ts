/** A bucket of tokens per key in this process alone: taking one awaits nothing, so that it can stand where no statement may be sent. */
export interface LocalRate {
  /** How long until there is a token, in milliseconds; 0: now. */
  waitMs(key: string): number;
  /** Takes one, whether or not it is there. */
  take(key: string): void;
}

export interface LocalRateLimit {
  /** How many may be taken at once. */
  burst: number;
  /** How many of them come back in a minute. */
  perMinute: number;
}

/** So many keys are looked through for what is full again, when there are as many more as that. */
const sweepEvery = 1_000;

/** @param monotonicMs never goes back */
export function createLocalRate(
  { burst, perMinute }: LocalRateLimit,
  monotonicMs: () => number,
): LocalRate {
  const tokenMs = 60_000 / perMinute;
  /** When the bucket will be full again; one that is full is not kept. */
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
