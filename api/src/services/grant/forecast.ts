/** When a person will be needed for an account that works now: a pure look at what is stored of it. */
import type { OAuthState } from "#oauth/state.ts";

export type ForecastReason =
  | "NO_REFRESH_TOKEN"
  | "REFRESH_TOKEN_EXPIRES"
  | "CLIENT_SECRET_EXPIRES"
  | "REFRESH_FAILING";

export interface Forecast {
  /** Null: some day that nobody has told, or by now already. */
  at: Date | null;
  reason: ForecastReason;
}

/** What is known; a time is null when it is not, or never comes. */
export interface ForecastFacts {
  state: OAuthState;
  /** Tokens can be had without a person. */
  renewable: boolean;
  accessTokenExpiresAt: Date | null;
  refreshTokenExpiresAt: Date | null;
  clientSecretExpiresAt: Date | null;
  /** In a row, up to now. */
  refreshFailures: number;
}

/** Fewer are a hiccup. */
const failuresThatTell = 3;

/**
 * The earliest of what will end the account. Null: it does not work now (its reason says what to do), or nothing is known that would
 * end it.
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
  // It fails by now, and the authorization server may mend it any moment: nothing foretells when a person will be needed.
  const isOver = first.reason === "REFRESH_FAILING" && timeOf(first) <= now.getTime();
  return isOver ? { ...first, at: null } : first;
}
