/**
 * Each request uses one client authentication method, exactly the registered one (RFC 6749 §2.3,
 * RFC 7591 §2).
 */
import { defaultSigningAlgorithm, jwtBearerAssertion } from "./client-assertion.ts";
import type { GrantClient, SignAssertion } from "./ports.ts";

/** The possible results of a dynamic registration. Gatehouse registers no keys. */
export type ClientAuthMethod = "client_secret_basic" | "client_secret_post" | "none";

/**
 * A client with a manually created and registered key can also use private_key_jwt (RFC 7523 §2.2).
 */
export type PreRegisteredAuthMethod = ClientAuthMethod | "private_key_jwt";

export type AuthenticatingClient = Pick<
  GrantClient,
  "clientId" | "clientSecret" | "tokenEndpointAuthMethod" | "privateKey" | "signingAlgorithm"
>;

const methods: readonly string[] = ["client_secret_basic", "client_secret_post", "none"];

export function isClientAuthMethod(value: unknown): value is ClientAuthMethod {
  return typeof value === "string" && methods.includes(value);
}

/**
 * Chooses the method for a manually registered client. It is decided once and stored. Null: the
 * authorization server supports no method that this client can use.
 * @param supported `token_endpoint_auth_methods_supported`; null is client_secret_basic (RFC 8414
 * §2)
 */
export function chooseAuthMethod(
  client: { hasSecret: boolean; hasPrivateKey: boolean },
  supported: readonly string[] | null,
): PreRegisteredAuthMethod | null {
  const { hasSecret, hasPrivateKey } = client;
  // A key is never sent, so it is preferred. If no methods are listed, it is used unless there is a
  // secret, which is the default.
  if (hasPrivateKey && (supported?.includes("private_key_jwt") ?? !hasSecret)) {
    return "private_key_jwt";
  }
  // Without any credential there is no other method, whatever is listed.
  if (!hasSecret && !hasPrivateKey) return "none";
  if (!hasSecret) return supported?.includes("none") ? "none" : null;
  if (supported === null || supported.includes("client_secret_basic")) return "client_secret_basic";
  if (supported.includes("client_secret_post")) return "client_secret_post";
  return supported.includes("none") ? "none" : null;
}

/**
 * Chooses the method to register with. A secret in the body is preferred, because servers differ in
 * how they decode Basic. Null: Gatehouse supports none of the methods.
 */
export function chooseAuthMethodToRegister(
  supported: readonly string[] | null,
): ClientAuthMethod | null {
  if (supported === null) return "client_secret_basic";
  if (supported.includes("client_secret_post")) return "client_secret_post";
  if (supported.includes("client_secret_basic")) return "client_secret_basic";
  return supported.includes("none") ? "none" : null;
}

/** The parts of a request that authenticate the client. */
export interface ClientAuthentication {
  headers: Record<string, string>;
  params: Record<string, string>;
}

/**
 * Null if the client cannot authenticate itself: the method is unknown, the secret is missing, or
 * the key cannot sign.
 * @param issuer the authorization server's identifier, which is the audience of an assertion at
 * each of its endpoints
 */
export async function authenticateClient(
  client: AuthenticatingClient,
  issuer: string,
  signAssertion: SignAssertion,
): Promise<ClientAuthentication | null> {
  const { clientId, clientSecret, tokenEndpointAuthMethod: method } = client;
  if (method === "none") return { headers: {}, params: { client_id: clientId } };
  if (method === "private_key_jwt") {
    const { privateKey, signingAlgorithm } = client;
    if (!privateKey) return null;
    const key = { privateKey, algorithm: signingAlgorithm ?? defaultSigningAlgorithm };
    const assertion = await signAssertion(clientId, key, issuer);
    if (assertion === null) return null;
    return {
      headers: {},
      params: {
        client_id: clientId,
        client_assertion_type: jwtBearerAssertion,
        client_assertion: assertion,
      },
    };
  }
  if (!clientSecret) return null;
  if (method === "client_secret_post") {
    return { headers: {}, params: { client_id: clientId, client_secret: clientSecret } };
  }
  if (method !== "client_secret_basic") return null;
  // Form-encoded first (RFC 6749 §2.3.1). The SDK omits this, so that `:` or `%` in a secret breaks
  // it.
  const credentials = btoa(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`);
  return { headers: { authorization: `Basic ${credentials}` }, params: {} };
}

/** Encodes one value as application/x-www-form-urlencoded (RFC 6749 appendix B). */
function encodeForm(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}
