/** When deliveries are repeated, parked and given up. */
const dayMs = 24 * 3_600_000;
/** An event that has failed for so long no longer holds up the following ones. */
export const parkAfterMs = dayMs;
/** But not before this number of attempts: an event that waited for others can be a day old at its first attempt. */
export const leastAttempts = 5;
export const giveUpAfterMs = 3 * dayMs;
const firstBackoffMs = 1_000;
export const longestBackoffMs = 3_600_000;

/** @returns exponential, a fifth more or less so that endpoints do not move in step */
export function backoffMs(failures: number, random: () => number): number {
  const plainMs = Math.min(firstBackoffMs * 2 ** failures, longestBackoffMs);
  return plainMs * (0.8 + 0.4 * random());
}
