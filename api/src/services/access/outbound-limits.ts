import { ServiceError } from "./service-error.ts";
import { createProcessRateLimiter, type ProcessRateLimit } from "./process-rate-limit.ts";

/**
 * How many operations of one caller contact servers that users name, in this process: at once, and per minute. Each such operation sends
 * a few requests, and each of those has a deadline.
 */
export interface OutboundLimits {
  /** @throws ServiceError RATE_LIMITED with `retryAfterMs`; `work` was not started in that case */
  run<Value>(userId: string, work: () => Promise<Value>): Promise<Value>;
}

export interface OutboundLimitsDeps {
  rate: ProcessRateLimit;
  atOnce: number;
  monotonicMs(): number;
}

/** An estimate: most of the running operations have ended by then. */
const retryAfterMs = 2_000;

export function createOutboundLimits(deps: OutboundLimitsDeps): OutboundLimits {
  const rate = createProcessRateLimiter(deps.rate, deps.monotonicMs);
  const running = new Map<string, number>();

  return {
    async run(userId, work) {
      const count = running.get(userId) ?? 0;
      if (count >= deps.atOnce)
        throw new ServiceError(
          "RATE_LIMITED",
          `${deps.atOnce} of your requests are already contacting other servers. Try again in a moment.`,
          { retryAfterMs },
        );
      const waitMs = rate.waitMs(userId);
      if (waitMs > 0)
        throw new ServiceError(
          "RATE_LIMITED",
          "Too many of your requests have contacted other servers in the last minute. Try again later.",
          { retryAfterMs: waitMs },
        );
      rate.take(userId);
      running.set(userId, count + 1);
      try {
        return await work();
      } finally {
        const left = (running.get(userId) ?? 1) - 1;
        if (left > 0) running.set(userId, left);
        else running.delete(userId);
      }
    },
  };
}
