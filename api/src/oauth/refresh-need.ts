/** When a token is to be renewed: a pure look at a grant as it was read. */
import type { Grant } from "./ports.ts";

/** Renewed at most so long before expiry. */
export const maxMarginMs = 60_000;
/** And at most in the last so-manieth part of the lifetime. */
export const marginDivisor = 5;
/** In the background, so many margins before expiry at most: no call is ever to meet the margin. */
export const aheadMargins = 2;
/** A 401 for the newest token leads to one refresh in this time. */
const rejectedIntervalMs = 60_000;

export interface TokenWish {
  /** The access token that a 401 refused. */
  rejected?: string;
  /** The token should live so long; never more than half of its lifetime is asked for. */
  minimumMarginMs?: number;
  /** Asked in the background, so that no call waits later. */
  ahead?: boolean;
}

export type TokenNeed =
  /** Use it as it is. For a rejected token: there is nothing better to be had now. */
  | "serve"
  /** Its time has come. */
  | "due"
  /** It was refused while still the newest. */
  | "refused"
  /** Its time is about to come, and it was asked for ahead. */
  | "background"
  /** A refresh is needed, but one failed a moment ago. */
  | "wait"
  /** Run out, and there is nothing to renew it with. */
  | "unrenewable";

/** Decides what a caller's wish for a token takes. */
export function assessToken(grant: Grant, wish: TokenWish = {}): TokenNeed {
  if (wish.ahead) return isDueAhead(grant) ? "background" : "serve";
  const { expiresInMs } = grant;
  const expired = isExpired(grant);
  const due = expiresInMs !== null && expiresInMs <= marginMs(grant, wish.minimumMarginMs ?? 0);
  const rejected = isRejected(grant, wish);
  if (!due && !rejected) return "serve";
  if (!isRenewable(grant)) return expired ? "unrenewable" : "serve";
  const { sinceRefusalMs } = grant;
  if (!due && sinceRefusalMs !== null && sinceRefusalMs < rejectedIntervalMs) return "serve";
  if (grant.retryInMs > 0) return expired || rejected ? "wait" : "serve";
  return due ? "due" : "refused";
}

function isDueAhead(grant: Grant): boolean {
  const { expiresInMs, retryInMs } = grant;
  const soon = expiresInMs !== null && expiresInMs <= aheadMargins * marginMs(grant, 0);
  return soon && retryInMs === 0 && isRenewable(grant);
}

/** No person is needed at expiry. */
export function isRenewable(grant: Pick<Grant, "grantType" | "refreshToken">): boolean {
  return grant.refreshToken !== null || grant.grantType === "CLIENT_CREDENTIALS";
}

/** For so long a token need not be asked for again, from the moment of its reading; for ever where nobody said when it runs out. */
export function freshForMs(token: Pick<Grant, "expiresInMs" | "lifetimeMs">): number {
  return token.expiresInMs === null ? Infinity : token.expiresInMs - marginMs(token, 0);
}

/** Null expiry is unknown, not expired: used until a 401. */
export function isExpired({ expiresInMs }: Pick<Grant, "expiresInMs">, elapsedMs = 0): boolean {
  return expiresInMs !== null && expiresInMs - elapsedMs <= 0;
}

export function isRejected(grant: Pick<Grant, "accessToken">, wish: TokenWish): boolean {
  return wish.rejected === grant.accessToken;
}

/** min(60 s, lifetime / 5), so that tokens of a minute are not renewed at every call. */
function marginMs({ lifetimeMs }: Pick<Grant, "lifetimeMs">, minimumMs: number): number {
  if (lifetimeMs === null) return Math.max(maxMarginMs, minimumMs);
  return Math.max(
    Math.min(maxMarginMs, lifetimeMs / marginDivisor),
    Math.min(minimumMs, lifetimeMs / 2),
  );
}
