/**
 * Recognizes a refresh token that no longer works although the authorization server does not say so
 * with `invalid_grant` (RFC 6749 §5.2): it repeats the same other refusal (regressions I10).
 */
import type { Clock, Grant } from "./ports.ts";
import { isExpired } from "./refresh-need.ts";
import type { DeadReason } from "./state.ts";
import type { RefreshOutcome } from "./token-refresh.ts";

/** The minimum number of equal refusals in a row, and the minimum time from the first to the last. */
const leastCount = 3;
const leastMs = 60_000;

/** A refresh that ended the grant, for one of all reasons. */
type JudgedOutcome =
  | Exclude<RefreshOutcome, { kind: "dead" }>
  | { kind: "late" }
  | { kind: "dead"; reason: DeadReason; detail: string | null };

export interface RepeatedRefusals {
  /** Records the outcome of a refresh. A repeated refusal is "dead" if the access token is expired. */
  judge(grant: Grant, outcome: RefreshOutcome | { kind: "late" }): JudgedOutcome;
  forget(grantId: string): void;
}

interface Sighting {
  refusal: string;
  /** Of the grant: a new consent starts the count again. */
  version: number;
  count: number;
  firstMs: number;
}

export function createRepeatedRefusals(clock: Clock): RepeatedRefusals {
  const refusals = new Map<string, Sighting>();

  return {
    judge(grant, outcome) {
      // A failure without a response of the endpoint neither counts nor ends the count.
      if (outcome.kind !== "transient" || outcome.refusal === undefined) return outcome;
      const { refusal, detail } = outcome;
      const nowMs = clock.monotonicMs();
      const known = refusals.get(grant.id);
      const { version } = grant;
      const isSame = known?.refusal === refusal && known.version === version;
      const current = isSame ? known : { refusal, version, count: 0, firstMs: nowMs };
      current.count += 1;
      refusals.set(grant.id, current);
      const isRepeated = current.count >= leastCount && nowMs - current.firstMs >= leastMs;
      if (!isRepeated || !isExpired(grant)) return outcome;
      refusals.delete(grant.id);
      return { kind: "dead", reason: "REFRESH_REFUSED", detail };
    },
    forget: (grantId) => void refusals.delete(grantId),
  };
}
