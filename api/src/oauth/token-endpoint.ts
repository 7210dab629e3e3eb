/**
 * Requests to the token endpoint. Not the SDK's `exchangeAuthorization` and `refreshAuthorization`: they lose the HTTP status, take
 * any text for an error of the server with the raw body in it, repost across redirects, choose the authentication method anew each
 * time, encode Basic wrongly, and take `expires_in: null` for 0.
 */
import { authenticateClient, type AuthenticatingClient } from "./client-authentication.ts";
import { describeFailure } from "./errors.ts";
import type { Fetch, RenewedTokens, SignAssertion } from "./ports.ts";
import type { Deviations } from "./provider-profiles.ts";
import { isSecureUrl } from "./secure-url.ts";
import type { DeadReason } from "./state.ts";
import type { StepRecorder } from "./flow-steps.ts";
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

/** What every token request takes. */
export interface TokenRequestOptions {
  tokenEndpoint: string;
  /** Whose endpoint it is. */
  issuer: string;
  client: AuthenticatingClient;
  signAssertion: SignAssertion;
  /** RFC 8707 §2.2; null: not sent. */
  resource: string | null;
  /** Of the provider's profile. */
  deviations?: Deviations;
  fetch: Fetch;
  /** Ends the request. */
  signal?: AbortSignal;
}

interface TokenRequest {
  url: string;
  init: RequestInit;
  /** What must not be echoed into an error. */
  secrets: (string | null)[];
  deviations: Deviations;
}

/** Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2). It is posted once, whatever comes of it. Never throws. */
export async function exchangeCode(
  options: TokenRequestOptions & {
    code: string;
    codeVerifier: string;
    redirectUri: string;
    steps: StepRecorder;
  },
): Promise<ExchangeOutcome> {
  const { code, codeVerifier, redirectUri } = options;
  const params = {
    grant_type: "authorization_code",
    code,
    code_verifier: codeVerifier,
    redirect_uri: redirectUri,
  };
  const request = await buildTokenRequest(options, params, [code, codeVerifier]);
  return await sendRecorded(request, options);
}

/** Asks for a token for the client itself (RFC 6749 §4.4), as a step of an attempt. Never throws. */
export async function requestClientToken(
  options: TokenRequestOptions & { scopes: readonly string[]; steps: StepRecorder },
): Promise<ExchangeOutcome> {
  const request = await buildTokenRequest(options, clientCredentialsParams(options.scopes), []);
  const outcome = await sendRecorded(request, options);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRecorded(
  request: TokenRequest | null,
  { fetch, steps }: { fetch: Fetch; steps: StepRecorder },
): Promise<ExchangeOutcome> {
  if (!request) {
    steps.note("TOKEN_EXCHANGE", "FAILED", cannotSend);
    return { kind: "failed", detail: cannotSend };
  }
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

/** Uses a refresh token (RFC 6749 §6). No scope is sent, which keeps the granted one. Never throws. */
export async function requestRefresh(
  options: TokenRequestOptions & { refreshToken: string },
): Promise<RefreshOutcome> {
  const { refreshToken } = options;
  const params = { grant_type: "refresh_token", refresh_token: refreshToken };
  return await sendRefresh(await buildTokenRequest(options, params, [refreshToken]), options.fetch);
}

/** Asks for the next token for the client itself (RFC 6749 §4.4), judged as a refresh is. Never throws. */
export async function renewClientToken(
  options: TokenRequestOptions & { scopes: readonly string[] },
): Promise<RefreshOutcome> {
  const request = await buildTokenRequest(options, clientCredentialsParams(options.scopes), []);
  const outcome = await sendRefresh(request, options.fetch);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRefresh(request: TokenRequest | null, fetch: Fetch): Promise<RefreshOutcome> {
  // A client that cannot authenticate itself never will.
  if (!request) return { kind: "dead", reason: "CLIENT_INVALID", detail: cannotSend };
  try {
    return judgeRefresh(await send(request, fetch));
  } catch (error) {
    return { kind: "transient", retryAfterMs: null, detail: describeFailure(error) };
  }
}

const cannotSend = "the client cannot authenticate itself at this token endpoint";

function clientCredentialsParams(scopes: readonly string[]): Record<string, string> {
  return {
    grant_type: "client_credentials",
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
  };
}

/** RFC 6749 §4.4.3: there should be none, and the client's own credentials do as well. */
function dropRefreshToken<T extends { tokens: RenewedTokens }>(outcome: T): T {
  return {
    ...outcome,
    tokens: { ...outcome.tokens, refreshToken: null, refreshExpiresInMs: null },
  };
}

/**
 * Null when the client cannot authenticate itself, or the endpoint is not fit to be sent a secret.
 * @param secrets of `params`: what must not be echoed into an error
 */
async function buildTokenRequest(
  options: Omit<TokenRequestOptions, "fetch">,
  params: Record<string, string>,
  secrets: string[],
): Promise<TokenRequest | null> {
  const { tokenEndpoint, issuer, client, resource, signal } = options;
  if (!isSecureUrl(tokenEndpoint)) return null;
  const authentication = await authenticateClient(client, issuer, options.signAssertion);
  if (!authentication) return null;
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
    secrets: [...secrets, client.clientSecret, authentication.params["client_assertion"] ?? null],
    deviations: options.deviations ?? {},
  };
}

async function send(request: TokenRequest, fetch: Fetch): Promise<TokenResponse> {
  const { url, init, secrets, deviations } = request;
  return await readTokenResponse(await fetch(url, init), secrets, deviations);
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
    // RFC 6749 §5.2: the client may not use this grant type, which no later try and no consent through the same client mends; several
    // answer it for a client that is disabled or has another secret. So it is the registration that is broken, not the grant.
    if (response.code === "invalid_client" || response.code === "unauthorized_client") {
      return { kind: "dead", reason: "CLIENT_INVALID", detail };
    }
  }
  return { kind: "transient", retryAfterMs, detail: detail ?? "an error that is none of OAuth's" };
}
