/**
 * An exponential delay: `firstMs` after the first failure, then twice as long after each further
 * one, at most `longestMs`.
 *
 * @param earlierFailures the number of consecutive failures before this one
 * @returns milliseconds
 */
export function backoffMs(earlierFailures: number, firstMs: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** earlierFailures, longestMs);
}
