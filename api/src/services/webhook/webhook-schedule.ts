import { backoffMs } from "#async/backoff.ts";

/** When deliveries are retried, parked and given up. */
const dayMs = 24 * 3_600_000;
/** An event that has failed for this time no longer delays the following ones. */
export const parkAfterMs = dayMs;
/**
 * The minimum number of attempts before an event is parked: an event that waited for others can be
 * a day old at its first attempt.
 */
export const leastAttempts = 5;
export const giveUpAfterMs = 3 * dayMs;
const firstBackoffMs = 1_000;
export const longestBackoffMs = 3_600_000;

/**
 * @returns the exponential delay in milliseconds, varied by up to a fifth so that the retries of
 * different endpoints are spread out
 */
export function spreadBackoffMs(failures: number, random: () => number): number {
  return backoffMs(failures, firstBackoffMs, longestBackoffMs) * (0.8 + 0.4 * random());
}
