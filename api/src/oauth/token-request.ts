/**
 * Requests to the token endpoint. The SDK's `exchangeAuthorization` and `refreshAuthorization` are
 * not used: they drop the HTTP status, treat any text as a server error that contains the raw body,
 * repeat the POST across redirects, choose the authentication method again for each request, encode
 * Basic incorrectly, and treat `expires_in: null` as 0.
 */
import { authenticateClient, type AuthenticatingClient } from "./client-authentication.ts";
import type { Fetch, IssuedTokens, SignAssertion } from "./ports.ts";
import type { Deviations } from "./provider-profiles.ts";
import { isSecureUrl } from "./secure-url.ts";
import { readTokenResponse, type TokenResponse } from "./token-response.ts";

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

export interface TokenRequest {
  url: string;
  init: RequestInit;
  /** Values that must not appear in an error. */
  secrets: (string | null)[];
  deviations: Deviations;
}

export const unknownError = "an error that OAuth does not define";

export const cannotSend = "the client cannot authenticate itself at this token endpoint";

export function clientCredentialsParams(scopes: readonly string[]): Record<string, string> {
  return {
    grant_type: "client_credentials",
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
  };
}

/**
 * RFC 6749 §4.4.3: a refresh token should not be included, and the client's own credentials are
 * sufficient.
 */
export function dropRefreshToken<T extends { tokens: IssuedTokens }>(outcome: T): T {
  return {
    ...outcome,
    tokens: { ...outcome.tokens, refreshToken: null, refreshExpiresInMs: null },
  };
}

/**
 * Null if the client cannot authenticate itself, or the endpoint is not secure enough for a secret.
 * @param secrets the secrets in `params`, which must not appear in an error
 */
export async function buildTokenRequest(
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

export async function send(request: TokenRequest, fetch: Fetch): Promise<TokenResponse> {
  const { url, init, secrets, deviations } = request;
  return await readTokenResponse(await fetch(url, init), secrets, deviations);
}
