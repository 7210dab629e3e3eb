/** What a caller that asks for an access token is told. */
import type { Clock, Grant, GrantReading, RefreshCircumstances, RenewedTokens } from "./ports.ts";
import { isExpired } from "./refresh-need.ts";
import { parseUrl } from "./secure-url.ts";
import type { DeadReason, OAuthReason } from "./state.ts";

export type AccessTokenAnswer =
  /**
   * Use it. When it equals `rejected`, there is nothing newer to be had: it was renewed within the last minute, or cannot be. It must
   * not be sent again for the same call.
   */
  | { kind: "token"; accessToken: string; version: number; expiresInMs: number | null }
  /** Only a person can help. */
  | { kind: "dead"; reason: OAuthReason }
  /** No such grant any more. */
  | { kind: "gone" }
  /** The token has run out, and for now there is no other; the grant is kept. */
  | {
      kind: "transient";
      retryAfterMs: number;
      /** Sentences for a person. */
      detail: string;
    };

type TransientAnswer = Extract<AccessTokenAnswer, { kind: "transient" }>;

/** An answer of the authorization server to the refresh of `grant`, whether or not the database has it. */
export interface ReceivedAnswer {
  grant: Grant;
  answer: { kind: "tokens"; tokens: RenewedTokens } | { kind: "dead"; reason: DeadReason };
  circumstances: RefreshCircumstances;
  /** Monotonic milliseconds. */
  receivedAt: number;
}

/** No token now, for reasons of our own. */
export const tryLater = answerTransient("The access could not be renewed just now.", 1_000);

/** @param why one sentence */
export function answerTransient(why: string, retryAfterMs: number): TransientAnswer {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const wait = seconds === 1 ? "1 second" : `${seconds} seconds`;
  const detail = `${why} Nothing was lost; the next try is possible in ${wait}.`;
  return { kind: "transient", retryAfterMs, detail };
}

/**
 * The authorization server gave no token.
 * @param reason in few words, without a secret; null: not known here
 */
export function answerNotRefreshed(
  { issuer }: Pick<Grant, "issuer">,
  retryAfterMs: number,
  reason: string | null = null,
): TransientAnswer {
  const host = parseUrl(issuer)?.host ?? issuer;
  const why = `The authorization server ${host} did not renew the access`;
  return answerTransient(reason === null ? `${why}.` : `${why} (${reason}).`, retryAfterMs);
}

/** A token as it was read `elapsedMs` ago. */
export function serveToken(grant: Grant, elapsedMs = 0): AccessTokenAnswer {
  const { accessToken, version, expiresInMs } = grant;
  return {
    kind: "token",
    accessToken,
    version,
    expiresInMs: expiresInMs === null ? null : Math.max(0, expiresInMs - elapsedMs),
  };
}

/** The matter was settled elsewhere: what stands in the database is the answer. */
export function answerReading(reading: GrantReading): AccessTokenAnswer {
  if (reading.kind !== "usable") return reading;
  return isExpired(reading.grant) ? tryLater : serveToken(reading.grant);
}

/** From memory, as the database will have it. */
export function answerReceived(received: ReceivedAnswer, clock: Clock): AccessTokenAnswer {
  const { grant, answer, receivedAt } = received;
  if (answer.kind === "dead") return answer;
  // An omitted lifetime is the old one's.
  const lifetimeMs = answer.tokens.expiresInMs ?? grant.lifetimeMs;
  const expiresInMs = lifetimeMs === null ? null : lifetimeMs - (clock.monotonicMs() - receivedAt);
  if (isExpired({ expiresInMs })) return tryLater;
  const { accessToken } = answer.tokens;
  return { kind: "token", accessToken, version: grant.version + 1, expiresInMs };
}
