/** Predicts when a user will be needed for a connected account, as a pure function of the stored grant. */
import type { OAuthState } from "#oauth/state.ts";

export type ForecastReason =
  | "NO_REFRESH_TOKEN"
  | "REFRESH_TOKEN_EXPIRES"
  | "CLIENT_SECRET_EXPIRES"
  | "KEY_EXPIRES"
  | "REFRESH_FAILING";

export interface Forecast {
  /** Null if the time is not known or has already passed. */
  at: Date | null;
  reason: ForecastReason;
}

/** The known facts about a grant. A time is null if it is not known or does not apply. */
export interface ForecastFacts {
  state: OAuthState;
  /** Whether tokens can be obtained without a user. */
  renewable: boolean;
  accessTokenExpiresAt: Date | null;
  refreshTokenExpiresAt: Date | null;
  clientSecretExpiresAt: Date | null;
  /** The number of consecutive failures until now. */
  refreshFailures: number;
}

/** Fewer failures are considered temporary. */
const failuresThatTell = 3;

/**
 * Returns the earliest event that will end the account's authorization. Null if the account is not connected (its reason then states the
 * required action), or if no such event is known.
 */
export function forecastNeed(facts: ForecastFacts, now: Date): Forecast | null {
  if (facts.state !== "CONNECTED") return null;
  if (!facts.renewable) return { at: facts.accessTokenExpiresAt, reason: "NO_REFRESH_TOKEN" };
  const candidates: Forecast[] = [];
  if (facts.refreshFailures >= failuresThatTell)
    candidates.push({ at: facts.accessTokenExpiresAt, reason: "REFRESH_FAILING" });
  if (facts.refreshTokenExpiresAt)
    candidates.push({ at: facts.refreshTokenExpiresAt, reason: "REFRESH_TOKEN_EXPIRES" });
  if (facts.clientSecretExpiresAt)
    candidates.push({ at: facts.clientSecretExpiresAt, reason: "CLIENT_SECRET_EXPIRES" });
  const timeOf = ({ at }: Forecast): number => at?.getTime() ?? Number.POSITIVE_INFINITY;
  const [first] = candidates.toSorted((one, other) => timeOf(one) - timeOf(other));
  if (!first) return null;
  // The token has expired and refreshes fail. The authorization server may recover at any time, so no time can be predicted.
  const isOver = first.reason === "REFRESH_FAILING" && timeOf(first) <= now.getTime();
  return isOver ? { ...first, at: null } : first;
}

/** Predicts the end of a key. Null if it is not in use, or does not expire at a known time. */
export function forecastKey(state: string, expiresAt: Date | null): Forecast | null {
  return state === "CONNECTED" && expiresAt ? { at: expiresAt, reason: "KEY_EXPIRES" } : null;
}
