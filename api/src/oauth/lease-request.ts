/** The token request of a refresh, within the time limits of its lease. */
import type { Clock, Grant, GrantFetch, SignAssertion, Sleep } from "./ports.ts";
import type { ProviderProfiles } from "./provider-profiles.ts";
import { refreshClientToken, requestRefresh, type RefreshOutcome } from "./token-refresh.ts";
import type { TokenRequestOptions } from "./token-request.ts";

/** Time limits, in milliseconds. They must be equal in all processes of a cluster. */
export interface RefreshLimits {
  /** Long enough for the request, and for a slow database before and after it. */
  leaseTtlMs: number;
  /** The request is aborted after this time, and a lease with less time left is not used. */
  requestDeadlineMs: number;
}

export const refreshLimits: RefreshLimits = { leaseTtlMs: 45_000, requestDeadlineMs: 20_000 };

/**
 * `held`: another process holds the lease. `leased`: nothing has been sent. `sending`: on the open
 * connection, just before the first byte. `answered`: nothing has been stored.
 */
export type RefreshStage = "held" | "leased" | "sending" | "answered";

/**
 * For tests that stop or kill a process at a certain stage of a refresh. It is awaited, except for
 * `sending`, where it must not throw.
 */
export type OnRefreshStage = (stage: RefreshStage, grantId: string) => void | Promise<void>;

/**
 * Sends the refresh token, or the client's own credentials, once. Never rejects.
 * @param leasedAt monotonic milliseconds before the lease was requested
 * @returns `late`: nothing was sent, because the process was paused and another process may hold
 * the lease
 */
export async function requestUnderLease(
  grant: Grant,
  leasedAt: number,
  deps: {
    fetchFor: GrantFetch;
    clock: Clock;
    sleep: Sleep;
    signAssertion: SignAssertion;
    profiles: Pick<ProviderProfiles, "deviationsOf">;
    limits?: RefreshLimits;
    onStage?: OnRefreshStage;
  },
): Promise<RefreshOutcome | { kind: "late" }> {
  const { fetchFor, clock, sleep, onStage } = deps;
  const { leaseTtlMs, requestDeadlineMs } = deps.limits ?? refreshLimits;
  let late = false;
  const refuseLate = (): void => {
    late = clock.monotonicMs() - leasedAt >= leaseTtlMs - requestDeadlineMs;
    if (late) throw new Error("The lease is too old to send anything");
  };
  const done = new AbortController();
  try {
    if (onStage) await onStage("leased", grant.id);
    const fetch = await fetchFor(grant.serverId, () => {
      void onStage?.("sending", grant.id);
      refuseLate();
    });
    refuseLate();
    const deadline = new AbortController();
    const { signAssertion } = deps;
    const deviations = deps.profiles.deviationsOf(grant.profile);
    const options = { ...grant, deviations, fetch, signAssertion, signal: deadline.signal };
    const request = refresh(grant, options);
    const passed = sleep(requestDeadlineMs, done.signal).then((): RefreshOutcome => {
      deadline.abort();
      return { kind: "transient", retryAfterMs: null, detail: "no answer in time" };
    });
    // Does not rely on the abort alone: a response after the deadline is outside of the time that
    // the lease guarantees.
    const outcome = await Promise.race([request, passed]);
    if (onStage && !late) await onStage("answered", grant.id);
    return late ? { kind: "late" } : outcome;
  } catch {
    return late
      ? { kind: "late" }
      : { kind: "transient", retryAfterMs: null, detail: "nothing could be sent" };
  } finally {
    done.abort();
  }
}

async function refresh(grant: Grant, options: TokenRequestOptions): Promise<RefreshOutcome> {
  const { grantType, refreshToken, requestedScopes } = grant;
  if (grantType === "CLIENT_CREDENTIALS") {
    return await refreshClientToken({ ...options, scopes: requestedScopes });
  }
  return refreshToken === null
    ? { kind: "transient", retryAfterMs: null, detail: "no refresh token is stored" }
    : await requestRefresh({ ...options, refreshToken });
}
