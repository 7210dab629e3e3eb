/**
 * Requests to the token endpoint. The SDK's `exchangeAuthorization` and `refreshAuthorization` are
 * not used: they drop the HTTP status, treat any text as a server error that contains the raw body,
 * repeat the POST across redirects, choose the authentication method again for each request, encode
 * Basic incorrectly, and treat `expires_in: null` as 0.
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
  /** `scopes` null: as requested (RFC 6749 §5.1). */
  | {
      kind: "tokens";
      tokens: RenewedTokens;
      remark: string | null;
      /** The client authentication method that the server accepted. */
      tokenEndpointAuthMethod: string;
      /** As sent; null if the server accepted the request only without it. */
      resource: string | null;
    }
  /** An OAuth error. With `invalid_client` the registration must not be used again. */
  | { kind: "refused"; errorCode: string; detail: string | null }
  /** There was no usable response. The code may have been used and is not sent again. */
  | { kind: "failed"; detail: string };

export type RefreshOutcome =
  | {
      kind: "tokens";
      tokens: RenewedTokens;
      remark: string | null;
      /** Set if the server refused `resource` and accepted the request without it. */
      refusesResource?: true;
    }
  | {
      kind: "dead";
      reason: Extract<DeadReason, "GRANT_INVALID" | "CLIENT_INVALID">;
      detail: string | null;
    }
  /**
   * Says nothing about the grant: keep it and retry later.
   * @param refusal the error code, if the endpoint refused the request in a way that may be final
   */
  | { kind: "transient"; retryAfterMs: number | null; detail: string; refusal?: string };

/** The options of every token request. */
export interface TokenRequestOptions {
  tokenEndpoint: string;
  /** The issuer that the endpoint belongs to. */
  issuer: string;
  client: AuthenticatingClient;
  signAssertion: SignAssertion;
  /** RFC 8707 §2.2; null: not sent. */
  resource: string | null;
  /** The deviations of the provider profile. */
  deviations?: Deviations;
  fetch: Fetch;
  /** Aborts the request. */
  signal?: AbortSignal;
}

interface TokenRequest {
  url: string;
  init: RequestInit;
  /** Values that must not appear in an error. */
  secrets: (string | null)[];
  deviations: Deviations;
}

/**
 * Exchanges a code (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2). It is sent again only after a
 * refusal for a reason that precedes its use: the resource (regressions I11), or the client
 * authentication if the server lists no methods (regressions I13). Never throws.
 */
export async function exchangeCode(
  options: TokenRequestOptions & {
    code: string;
    codeVerifier: string;
    redirectUri: string;
    /** The methods that the authorization server lists; null: none. */
    supportedAuthMethods: readonly string[] | null;
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
  return await exchange(options, params, [code, codeVerifier]);
}

/** The methods to try if the default of RFC 8414 §2, which nothing confirms, is refused. */
const otherMethods = ["client_secret_post", "none"];

/** Sends the request, and once more without `resource` or with another method if that was refused. */
async function exchange(
  options: TokenRequestOptions & {
    steps: StepRecorder;
    supportedAuthMethods: readonly string[] | null;
  },
  params: Record<string, string>,
  secrets: string[],
): Promise<ExchangeOutcome> {
  const { client, supportedAuthMethods, steps } = options;
  const isDefault =
    supportedAuthMethods === null && client.tokenEndpointAuthMethod === "client_secret_basic";
  const methods = isDefault ? [...otherMethods] : [];
  let attempt = options;
  for (;;) {
    const outcome = await sendRecorded(await buildTokenRequest(attempt, params, secrets), attempt);
    if (outcome.kind !== "refused") return outcome;
    if (outcome.errorCode === "invalid_target" && attempt.resource !== null) {
      steps.note(
        "TOKEN_EXCHANGE",
        "SKIPPED",
        "The resource parameter was refused; it is left out.",
      );
      attempt = { ...attempt, resource: null };
      continue;
    }
    const method = outcome.errorCode === "invalid_client" ? methods.shift() : undefined;
    if (method === undefined) return outcome;
    steps.note(
      "TOKEN_EXCHANGE",
      "SKIPPED",
      `No methods are listed and Basic was refused; ${method} is tried.`,
    );
    attempt = { ...attempt, client: { ...client, tokenEndpointAuthMethod: method } };
  }
}

/** Requests a token with client credentials (RFC 6749 §4.4), as a step of a flow. Never throws. */
export async function requestClientToken(
  options: TokenRequestOptions & {
    scopes: readonly string[];
    supportedAuthMethods: readonly string[] | null;
    steps: StepRecorder;
  },
): Promise<ExchangeOutcome> {
  const outcome = await exchange(options, clientCredentialsParams(options.scopes), []);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRecorded(
  request: TokenRequest | null,
  { fetch, steps, client, resource }: TokenRequestOptions & { steps: StepRecorder },
): Promise<ExchangeOutcome> {
  if (!request) {
    steps.note("TOKEN_EXCHANGE", "FAILED", cannotSend);
    return { kind: "failed", detail: cannotSend };
  }
  try {
    return await steps.record(
      "TOKEN_EXCHANGE",
      fetch,
      async (recordingFetch): Promise<ExchangeOutcome> => {
        const judged = judgeExchange(await send(request, recordingFetch));
        const { tokenEndpointAuthMethod } = client;
        return judged.kind === "tokens" ? { ...judged, tokenEndpointAuthMethod, resource } : judged;
      },
      (outcome) =>
        outcome.kind === "tokens"
          ? { outcome: "OK", detail: outcome.remark }
          : { outcome: "FAILED", detail: outcome.detail ?? unknownError },
    );
  } catch (error) {
    return { kind: "failed", detail: describeFailure(error) };
  }
}

/**
 * Uses a refresh token (RFC 6749 §6). No scope is sent, so that the granted one is kept. Never
 * throws.
 */
export async function requestRefresh(
  options: TokenRequestOptions & { refreshToken: string },
): Promise<RefreshOutcome> {
  const { refreshToken } = options;
  const params = { grant_type: "refresh_token", refresh_token: refreshToken };
  return await refresh(options, params, [refreshToken]);
}

/** Sends the request, and once more without `resource` if that was refused (regressions I11). */
async function refresh(
  options: TokenRequestOptions,
  params: Record<string, string>,
  secrets: string[],
): Promise<RefreshOutcome> {
  const outcome = await sendRefresh(
    await buildTokenRequest(options, params, secrets),
    options.fetch,
  );
  const isRefused = outcome.kind === "transient" && outcome.refusal === "invalid_target";
  if (!isRefused || options.resource === null) return outcome;
  const request = await buildTokenRequest({ ...options, resource: null }, params, secrets);
  const second = await sendRefresh(request, options.fetch);
  return second.kind === "tokens" ? { ...second, refusesResource: true } : second;
}

/**
 * Requests the next token with client credentials (RFC 6749 §4.4), with the outcomes of a refresh.
 * Never throws.
 */
export async function renewClientToken(
  options: TokenRequestOptions & { scopes: readonly string[] },
): Promise<RefreshOutcome> {
  const outcome = await refresh(options, clientCredentialsParams(options.scopes), []);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRefresh(request: TokenRequest | null, fetch: Fetch): Promise<RefreshOutcome> {
  // A retry cannot fix a client that is unable to authenticate itself.
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

/**
 * RFC 6749 §4.4.3: a refresh token should not be included, and the client's own credentials are
 * sufficient.
 */
function dropRefreshToken<T extends { tokens: RenewedTokens }>(outcome: T): T {
  return {
    ...outcome,
    tokens: { ...outcome.tokens, refreshToken: null, refreshExpiresInMs: null },
  };
}

/**
 * Null if the client cannot authenticate itself, or the endpoint is not secure enough for a secret.
 * @param secrets the secrets in `params`, which must not appear in an error
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
      // A redirect is treated like any other response, because credentials must not be sent to
      // another URL.
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

function judgeExchange(
  response: TokenResponse,
): Exclude<ExchangeOutcome, { kind: "tokens" }> | Extract<TokenResponse, { kind: "tokens" }> {
  if (response.kind === "tokens") return response;
  return response.kind === "error"
    ? { kind: "refused", errorCode: response.code, detail: response.detail }
    : { kind: "failed", detail: response.detail };
}

function judgeRefresh(response: TokenResponse): RefreshOutcome {
  if (response.kind === "tokens") return response;
  const { detail, retryAfterMs } = response;
  const transient = { kind: "transient", retryAfterMs, detail: detail ?? unknownError } as const;
  if (response.kind === "error") {
    if (response.code === "invalid_grant") return { kind: "dead", reason: "GRANT_INVALID", detail };
    // RFC 6749 §5.2: the client may not use this grant type, which neither a retry nor a new
    // consent with the same client fixes. Several servers respond with it if the client is disabled
    // or has a new secret, so the registration is invalid, not the grant.
    if (response.code === "invalid_client" || response.code === "unauthorized_client") {
      return { kind: "dead", reason: "CLIENT_INVALID", detail };
    }
    if (!passingErrors.has(response.code)) return { ...transient, refusal: response.code };
  } else if (response.refusal !== undefined) return { ...transient, refusal: response.refusal };
  return transient;
}

const unknownError = "an error that OAuth does not define";

/** Error codes by which a server says that a later attempt may succeed. */
const passingErrors: ReadonlySet<string> = new Set([
  "server_error",
  "temporarily_unavailable",
  "slow_down",
  "rate_limited",
  "rate_limit_exceeded",
  "too_many_requests",
]);
