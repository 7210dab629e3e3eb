/**
 * Requests to the token endpoint. Not the SDK's `exchangeAuthorization` and `refreshAuthorization`: they lose the HTTP status, take
 * any text for an error of the server with the raw body in it, repost across redirects, choose the authentication method anew each
 * time, encode Basic wrongly, and take `expires_in: null` for 0.
 */
import { authenticateClient, type AuthenticatingClient } from "./client-authentication.ts";
import { describeFailure } from "./errors.ts";
import type { Fetch, RenewedTokens } from "./ports.ts";
import { isSecureUrl } from "./secure-url.ts";
import type { DeadReason } from "./state.ts";
import type { StepRecorder } from "./steps.ts";
import { readTokenResponse, type TokenResponse } from "./token-response.ts";

export type ExchangeOutcome =
  /** `scopes` null: as asked for (RFC 6749 §5.1). */
  | { kind: "tokens"; tokens: RenewedTokens }
  /** An OAuth error. With `invalid_client` the registration is not to be used again. */
  | { kind: "refused"; errorCode: string; detail: string | null }
  /** No answer, or none that means anything. The code may be used up and is not sent again. */
  | { kind: "failed"; detail: string };

export type RefreshOutcome =
  | { kind: "tokens"; tokens: RenewedTokens }
  | {
      kind: "dead";
      reason: Extract<DeadReason, "GRANT_INVALID" | "CLIENT_INVALID">;
      detail: string | null;
    }
  /** Says nothing about the grant: keep it and try later. */
  | { kind: "transient"; retryAfterMs: number | null; detail: string };

interface TokenRequest {
  url: string;
  init: RequestInit;
  /** What must not be echoed into an error. */
  secrets: (string | null)[];
}

/** Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2). It is posted once, whatever comes of it. Never throws. */
export async function exchangeCode(options: {
  tokenEndpoint: string;
  client: AuthenticatingClient;
  code: string;
  codeVerifier: string;
  redirectUri: string;
  resource: string | null;
  fetch: Fetch;
  steps: StepRecorder;
  signal?: AbortSignal;
}): Promise<ExchangeOutcome> {
  const { client, code, codeVerifier, redirectUri, fetch, steps } = options;
  const request = buildTokenRequest({
    ...options,
    params: {
      grant_type: "authorization_code",
      code,
      code_verifier: codeVerifier,
      redirect_uri: redirectUri,
    },
    secrets: [code, codeVerifier, client.clientSecret],
  });
  if (!request) return { kind: "failed", detail: cannotSend };
  try {
    return await steps.record(
      "TOKEN_EXCHANGE",
      fetch,
      async (recordingFetch) => judgeExchange(await send(request, recordingFetch)),
      (outcome) =>
        outcome.kind === "tokens"
          ? { outcome: "OK" }
          : { outcome: "FAILED", detail: outcome.detail ?? "an error that is none of OAuth's" },
    );
  } catch (error) {
    return { kind: "failed", detail: describeFailure(error) };
  }
}

/**
 * Uses a refresh token (RFC 6749 §6). No scope is sent, which keeps the granted one. Never throws.
 * @param options.signal ends the request
 */
export async function requestRefresh(options: {
  tokenEndpoint: string;
  client: AuthenticatingClient;
  refreshToken: string;
  resource: string | null;
  fetch: Fetch;
  signal?: AbortSignal;
}): Promise<RefreshOutcome> {
  const { client, refreshToken, fetch } = options;
  const request = buildTokenRequest({
    ...options,
    params: { grant_type: "refresh_token", refresh_token: refreshToken },
    secrets: [refreshToken, client.clientSecret],
  });
  // A client that cannot authenticate itself never will.
  if (!request) return { kind: "dead", reason: "CLIENT_INVALID", detail: cannotSend };
  try {
    return judgeRefresh(await send(request, fetch));
  } catch (error) {
    return { kind: "transient", retryAfterMs: null, detail: describeFailure(error) };
  }
}

const cannotSend = "the client cannot authenticate itself at this token endpoint";

/** Null when the client cannot authenticate itself, or the endpoint is not fit to be sent a secret. */
function buildTokenRequest(options: {
  tokenEndpoint: string;
  client: AuthenticatingClient;
  params: Record<string, string>;
  resource: string | null;
  secrets: (string | null)[];
  signal?: AbortSignal;
}): TokenRequest | null {
  const { tokenEndpoint, client, params, resource, secrets, signal } = options;
  const authentication = authenticateClient(client);
  if (!authentication || !isSecureUrl(tokenEndpoint)) return null;
  return {
    url: tokenEndpoint,
    init: {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
        ...authentication.headers,
      },
      body: new URLSearchParams({
        ...params,
        ...authentication.params,
        ...(resource === null ? {} : { resource }),
      }).toString(),
      // A redirect is an answer like any other: credentials follow none.
      redirect: "manual",
      ...(signal ? { signal } : {}),
    },
    secrets,
  };
}

async function send({ url, init, secrets }: TokenRequest, fetch: Fetch): Promise<TokenResponse> {
  return await readTokenResponse(await fetch(url, init), secrets);
}

function judgeExchange(response: TokenResponse): ExchangeOutcome {
  if (response.kind === "tokens") return response;
  return response.kind === "error"
    ? { kind: "refused", errorCode: response.code, detail: response.detail }
    : { kind: "failed", detail: response.detail };
}

function judgeRefresh(response: TokenResponse): RefreshOutcome {
  if (response.kind === "tokens") return response;
  const { detail, retryAfterMs } = response;
  if (response.kind === "error") {
    if (response.code === "invalid_grant") return { kind: "dead", reason: "GRANT_INVALID", detail };
    // unauthorized_client is what some answer for a client that is disabled or has another secret.
    if (response.code === "invalid_client" || response.code === "unauthorized_client") {
      return { kind: "dead", reason: "CLIENT_INVALID", detail };
    }
  }
  return { kind: "transient", retryAfterMs, detail: detail ?? "an error that is none of OAuth's" };
}
