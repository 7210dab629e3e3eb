/** One client authentication method per request, and exactly the registered one (RFC 6749 §2.3, RFC 7591 §2). */
import type { GrantClient } from "./ports.ts";

export type ClientAuthMethod = "client_secret_basic" | "client_secret_post" | "none";

export type AuthenticatingClient = Pick<
  GrantClient,
  "clientId" | "clientSecret" | "tokenEndpointAuthMethod"
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
  hasSecret: boolean,
  supported: readonly string[] | null,
): ClientAuthMethod | null {
  // Without a secret there is nothing else, whatever is listed.
  if (!hasSecret) return "none";
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

/** What a request carries to authenticate its client. Null when the client cannot: an unknown method, or a secret that is missing. */
export function authenticateClient(
  client: AuthenticatingClient,
): { headers: Record<string, string>; params: Record<string, string> } | null {
  const { clientId, clientSecret, tokenEndpointAuthMethod: method } = client;
  if (method === "none") return { headers: {}, params: { client_id: clientId } };
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
