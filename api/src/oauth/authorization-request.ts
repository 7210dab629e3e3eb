/** The URL of the consent page (RFC 6749 §4.1.1, RFC 7636, RFC 8707). */
import { startAuthorization } from "@modelcontextprotocol/client";
import type { AuthorizationServer } from "./authorization-server.ts";
import { shapeAuthorizationRequest } from "./provider-deviations.ts";
import type { Deviations } from "./provider-profiles.ts";
import { isSecureUrl } from "./secure-url.ts";

export interface AuthorizationRequest {
  /** Only for the user who starts the flow, because it contains the state. */
  url: string;
  /** Stored as a hash. */
  state: string;
  /** Stored encrypted until the code is exchanged. */
  codeVerifier: string;
}

/**
 * Builds the authorization request with PKCE S256. It uses the SDK, which also adds
 * `prompt=consent` to `offline_access`; otherwise OpenID providers issue no refresh token.
 * @param options.resource null only if the authorization server must not receive a resource
 * @param options.randomToken at least 128 bits, URL-safe
 * @throws TypeError if the authorization endpoint is neither https nor loopback, which discovery
 * has already excluded
 */
export async function buildAuthorizationRequest(options: {
  authorizationServer: AuthorizationServer;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  resource: string | null;
  /** The deviations of the provider profile. */
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
