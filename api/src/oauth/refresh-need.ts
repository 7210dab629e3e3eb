/** Decides whether a token must be refreshed. A pure function of a grant as it was read. */
import type { Grant } from "./ports.ts";

/** The maximum time before expiry at which a token is refreshed, in milliseconds. */
export const maxMarginMs = 60_000;
/** The token is refreshed in the last part of its lifetime, at most 1 / this divisor. */
export const marginDivisor = 5;
/**
 * Background refreshes start at most this number of margins before expiry, so that no call has to
 * wait for a refresh.
 */
export const aheadMargins = 2;
/** A 401 for the newest token causes at most one refresh in this time, in milliseconds. */
const rejectedIntervalMs = 60_000;
/** The same if the server had accepted the token before: it was revoked, so another one is likely to work (regressions I23). */
const revokedIntervalMs = 10_000;

export interface TokenWish {
  /** The access token that was rejected with a 401. */
  rejected?: string;
  /** Whether the rejected token was accepted before. */
  wasAccepted?: boolean;
  /**
   * The minimum remaining lifetime of the token. At most half of its total lifetime is required.
   */
  minimumMarginMs?: number;
  /** Whether the request is a background refresh, so that no call has to wait later. */
  ahead?: boolean;
}

export type TokenNeed =
  /** Use the token. For a rejected token: there is no better one at the moment. */
  | "serve"
  /** The token has expired or is about to. */
  | "due"
  /** The newest token was rejected. */
  | "refused"
  /** The token will soon be due, and the request is a background refresh. */
  | "background"
  /** A refresh is needed, but one failed a moment ago. */
  | "wait"
  /** The token has expired and cannot be refreshed. */
  | "not-refreshable";

/** Decides how a request for a token is handled. */
export function assessToken(grant: Grant, wish: TokenWish = {}): TokenNeed {
  if (wish.ahead) return isDueAhead(grant) ? "background" : "serve";
  const { expiresInMs } = grant;
  const expired = isExpired(grant);
  const due = expiresInMs !== null && expiresInMs <= marginMs(grant, wish.minimumMarginMs ?? 0);
  const rejected = isRejected(grant, wish);
  if (!due && !rejected) return "serve";
  if (!isRefreshable(grant)) return expired ? "not-refreshable" : "serve";
  const { sinceRefusalMs } = grant;
  const intervalMs = wish.wasAccepted ? revokedIntervalMs : rejectedIntervalMs;
  if (!due && sinceRefusalMs !== null && sinceRefusalMs < intervalMs) return "serve";
  if (grant.retryInMs > 0) return expired || rejected ? "wait" : "serve";
  return due ? "due" : "refused";
}

function isDueAhead(grant: Grant): boolean {
  const { expiresInMs, retryInMs } = grant;
  const soon = expiresInMs !== null && expiresInMs <= aheadMargins * marginMs(grant, 0);
  return soon && retryInMs === 0 && isRefreshable(grant);
}

/** Whether a new token can be obtained without the user. */
export function isRefreshable(grant: Pick<Grant, "grantType" | "refreshToken">): boolean {
  return grant.refreshToken !== null || grant.grantType === "CLIENT_CREDENTIALS";
}

/**
 * How long the token does not need to be requested again, counted from when it was read; without a
 * known expiry, indefinitely.
 */
export function freshForMs(token: Pick<Grant, "expiresInMs" | "lifetimeMs">): number {
  return token.expiresInMs === null ? Infinity : token.expiresInMs - marginMs(token, 0);
}

/** An expiry of null is unknown, not expired: the token is used until a 401. */
export function isExpired({ expiresInMs }: Pick<Grant, "expiresInMs">, elapsedMs = 0): boolean {
  return expiresInMs !== null && expiresInMs - elapsedMs <= 0;
}

export function isRejected(grant: Pick<Grant, "accessToken">, wish: TokenWish): boolean {
  return wish.rejected === grant.accessToken;
}

/**
 * min(60 s, lifetime / 5), so that tokens with a lifetime of one minute are not refreshed for every
 * call.
 */
function marginMs({ lifetimeMs }: Pick<Grant, "lifetimeMs">, minimumMs: number): number {
  if (lifetimeMs === null) return Math.max(maxMarginMs, minimumMs);
  return Math.max(
    Math.min(maxMarginMs, lifetimeMs / marginDivisor),
    Math.min(minimumMs, lifetimeMs / 2),
  );
}
