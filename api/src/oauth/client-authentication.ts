/** One client authentication method per request, and exactly the registered one (RFC 6749 §2.3, RFC 7591 §2). */
import { defaultSigningAlgorithm, jwtBearerAssertion } from "./client-assertion.ts";
import type { GrantClient, SignAssertion } from "./ports.ts";

/** What a dynamic registration can end with: Gatehouse registers no keys. */
export type ClientAuthMethod = "client_secret_basic" | "client_secret_post" | "none";

/** With a key that somebody made and registered by hand, also private_key_jwt (RFC 7523 §2.2). */
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
 * The method for a client that somebody registered by hand, decided once and stored. Null: the authorization server takes none that
 * this client can use.
 * @param supported `token_endpoint_auth_methods_supported`; null is client_secret_basic (RFC 8414 §2)
 */
export function chooseAuthMethod(
  client: { hasSecret: boolean; hasPrivateKey: boolean },
  supported: readonly string[] | null,
): PreRegisteredAuthMethod | null {
  const { hasSecret, hasPrivateKey } = client;
  // A key is not told to anybody. Where nothing is listed, it is used unless there is a secret, which is the default.
  if (hasPrivateKey && (supported?.includes("private_key_jwt") ?? !hasSecret)) {
    return "private_key_jwt";
  }
  // Without any credential there is nothing else, whatever is listed.
  if (!hasSecret && !hasPrivateKey) return "none";
  if (!hasSecret) return supported?.includes("none") ? "none" : null;
  if (supported === null || supported.includes("client_secret_basic")) return "client_secret_basic";
  if (supported.includes("client_secret_post")) return "client_secret_post";
  return supported.includes("none") ? "none" : null;
}

/**
 * The method to register with. A secret in the body comes first where there is a choice: servers differ in how they decode Basic.
 * Null: none that Gatehouse speaks.
 */
export function chooseAuthMethodToRegister(
  supported: readonly string[] | null,
): ClientAuthMethod | null {
  if (supported === null) return "client_secret_basic";
  if (supported.includes("client_secret_post")) return "client_secret_post";
  if (supported.includes("client_secret_basic")) return "client_secret_basic";
  return supported.includes("none") ? "none" : null;
}

/** What a request carries to authenticate its client. */
export interface ClientAuthentication {
  headers: Record<string, string>;
  params: Record<string, string>;
}

/**
 * Null when the client cannot authenticate itself: an unknown method, a secret that is missing, a key that does not sign.
 * @param issuer the authorization server's identifier, which an assertion is addressed to, whichever of its endpoints it is sent to
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
  // RFC 6749 §2.3.1: form-encoded first, which the SDK leaves out, so that `:` or `%` in a secret breaks it.
  const credentials = btoa(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`);
  return { headers: { authorization: `Basic ${credentials}` }, params: {} };
}

/** application/x-www-form-urlencoded of one value (RFC 6749 appendix B). */
function encodeForm(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}
