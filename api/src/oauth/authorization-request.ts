/** The URL of the consent page (RFC 6749 §4.1.1, RFC 7636, RFC 8707). */
import { startAuthorization } from "@modelcontextprotocol/client";
import type { AuthorizationServer } from "./authorization-server.ts";
import { shapeAuthorizationRequest } from "./provider-deviations.ts";
import type { Deviations } from "./provider-profiles.ts";
import { isSecureUrl } from "./secure-url.ts";

export interface AuthorizationRequest {
  /** For the starter's eyes alone: it holds the state. */
  url: string;
  /** Kept as a hash. */
  state: string;
  /** Kept sealed until the code is exchanged. */
  codeVerifier: string;
}

/**
 * Builds the request with PKCE S256; the SDK does it right, and asks for `prompt=consent` with `offline_access`, without which
 * OpenID providers issue no refresh token.
 * @param options.resource null only where the authorization server is not to be sent one
 * @param options.randomToken at least 128 bits, URL-safe
 * @throws TypeError when the authorization endpoint is neither https nor loopback, which discovery has ruled out
 */
export async function buildAuthorizationRequest(options: {
  authorizationServer: AuthorizationServer;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  resource: string | null;
  /** Of the provider's profile. */
  deviations?: Deviations;
  randomToken: () => string;
}): Promise<AuthorizationRequest> {
  const { authorizationServer, clientId, redirectUri, scopes, resource, randomToken } = options;
  const { deviations = {} } = options;
  const { issuer, authorizationEndpoint, tokenEndpoint } = authorizationServer;
  if (!isSecureUrl(authorizationEndpoint)) {
    throw new TypeError("The authorization endpoint is neither https nor loopback");
  }
  const state = randomToken();
  const { authorizationUrl, codeVerifier } = await startAuthorization(issuer, {
    metadata: {
      issuer,
      authorization_endpoint: authorizationEndpoint,
      token_endpoint: tokenEndpoint,
      response_types_supported: ["code"],
    },
    clientInformation: { client_id: clientId },
    redirectUrl: redirectUri,
    state,
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
    ...(resource === null ? {} : { resource }),
  });
  shapeAuthorizationRequest(authorizationUrl, deviations);
  return { url: authorizationUrl.href, state, codeVerifier };
}
