/** The token request of a refresh, within the time that its lease gives. */
import type { Clock, Grant, GrantFetch, Sleep } from "./ports.ts";
import { requestRefresh, type RefreshOutcome } from "./token-endpoint.ts";

/** Long enough for the request and for a slow database on both sides of it. */
export const leaseTtlMs = 45_000;
/** The request is destroyed then, and a lease with less than this left is not used. */
export const requestDeadlineMs = 20_000;

/**
 * Sends the refresh token once. Never rejects.
 * @param leasedAt monotonic milliseconds, from before the lease was asked for
 * @returns `late`: nothing was sent, for the process was paused and the lease may be another's by now
 */
export async function requestUnderLease(
  grant: Grant & { refreshToken: string },
  leasedAt: number,
  deps: { fetchFor: GrantFetch; clock: Clock; sleep: Sleep },
): Promise<RefreshOutcome | { kind: "late" }> {
  const { fetchFor, clock, sleep } = deps;
  let late = false;
  const refuseLate = (): void => {
    late = clock.monotonicMs() - leasedAt >= leaseTtlMs - requestDeadlineMs;
    if (late) throw new Error("The lease is too old to send anything");
  };
  const done = new AbortController();
  try {
    const fetch = await fetchFor(grant.serverId, refuseLate);
    refuseLate();
    const deadline = new AbortController();
    const request = requestRefresh({ ...grant, fetch, signal: deadline.signal });
    const passed = sleep(requestDeadlineMs, done.signal).then((): RefreshOutcome => {
      deadline.abort();
      return { kind: "transient", retryAfterMs: null, detail: "no answer in time" };
    });
    // Not left to the abort alone: whatever comes after the deadline comes after the lease's promise.
    const outcome = await Promise.race([request, passed]);
    return late ? { kind: "late" } : outcome;
  } catch {
    return late
      ? { kind: "late" }
      : { kind: "transient", retryAfterMs: null, detail: "nothing could be sent" };
  } finally {
    done.abort();
  }
}
