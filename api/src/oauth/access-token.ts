/** The possible answers to a request for an access token. */
import type { Clock, Grant, GrantReading, RefreshCircumstances, IssuedTokens } from "./ports.ts";
import { isExpired } from "./refresh-need.ts";
import { parseUrl } from "./secure-url.ts";
import type { DeadReason, OAuthReason } from "./state.ts";

export type AccessTokenAnswer =
  /**
   * A usable token. If it equals `rejected`, there is no newer one: the token was refreshed within
   * the last minute, or cannot be refreshed. It must not be sent again for the same call.
   */
  | { kind: "token"; accessToken: string; version: number; expiresInMs: number | null }
  /** The user must sign in again. */
  | { kind: "dead"; reason: OAuthReason }
  /** The grant no longer exists. */
  | { kind: "gone" }
  /** The token has expired and cannot be refreshed at the moment. The grant is kept. */
  | {
      kind: "transient";
      retryAfterMs: number;
      /** Sentences for the user. */
      detail: string;
    };

type TransientAnswer = Extract<AccessTokenAnswer, { kind: "transient" }>;

/**
 * The authorization server's response to the refresh of `grant`, whether or not it has been stored.
 */
export interface ReceivedAnswer {
  grant: Grant;
  answer: { kind: "tokens"; tokens: IssuedTokens } | { kind: "dead"; reason: DeadReason };
  circumstances: RefreshCircumstances;
  /** Monotonic milliseconds. */
  receivedAt: number;
}

/** There is no token at the moment, for an internal reason. */
export const tryLater = answerTransient("The access token could not be refreshed.", 1_000);

/** @param why one sentence */
export function answerTransient(why: string, retryAfterMs: number): TransientAnswer {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const wait = seconds === 1 ? "1 second" : `${seconds} seconds`;
  const detail = `${why} Nothing was lost. The next attempt is possible in ${wait}.`;
  return { kind: "transient", retryAfterMs, detail };
}

/**
 * The authorization server issued no token.
 * @param reason in a few words, without a secret; null: not known here
 */
export function answerNotRefreshed(
  { issuer }: Pick<Grant, "issuer">,
  retryAfterMs: number,
  reason: string | null = null,
): TransientAnswer {
  const host = parseUrl(issuer)?.host ?? issuer;
  const why = `The authorization server ${host} did not refresh the access token`;
  return answerTransient(reason === null ? `${why}.` : `${why} (${reason}).`, retryAfterMs);
}

/** Returns a token that was read `elapsedMs` ago. */
export function serveToken(grant: Grant, elapsedMs = 0): AccessTokenAnswer {
  const { accessToken, version, expiresInMs } = grant;
  return {
    kind: "token",
    accessToken,
    version,
    expiresInMs: expiresInMs === null ? null : Math.max(0, expiresInMs - elapsedMs),
  };
}

/** The refresh was completed by another process, so the answer is taken from the database. */
export function answerReading(reading: GrantReading): AccessTokenAnswer {
  if (reading.kind !== "usable") return reading;
  return isExpired(reading.grant) ? tryLater : serveToken(reading.grant);
}

/** Answers from memory, as the response will be stored. */
export function answerReceived(received: ReceivedAnswer, clock: Clock): AccessTokenAnswer {
  const { grant, answer, receivedAt } = received;
  if (answer.kind === "dead") return answer;
  // If the lifetime is omitted, the previous one applies.
  const lifetimeMs = answer.tokens.expiresInMs ?? grant.lifetimeMs;
  const expiresInMs = lifetimeMs === null ? null : lifetimeMs - (clock.monotonicMs() - receivedAt);
  if (isExpired({ expiresInMs })) return tryLater;
  const { accessToken } = answer.tokens;
  return { kind: "token", accessToken, version: grant.version + 1, expiresInMs };
}
