import { computeScopeUnion } from "@modelcontextprotocol/client";

/** The syntax of a scope-token (RFC 6749 §3.3). */
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** Splits a `scope` value into its distinct tokens, in order. Invalid tokens are left out. */
export function splitScopes(scope: string | null | undefined): string[] {
  return [...new Set((scope ?? "").split(/\s+/))].filter((token) => scopeToken.test(token));
}

/**
 * The distinct tokens of all lists, in the order of their first occurrence. A step-up requests the
 * union of the granted and the challenged scopes.
 */
export function unionScopes(...lists: readonly (readonly string[])[]): string[] {
  return splitScopes(computeScopeUnion(...lists.map((list) => list.join(" "))));
}

/** RFC 6749 §3.3. */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text);
}

/**
 * The scopes of a first consent: the chosen ones, otherwise those of the challenge, otherwise those
 * of the protected resource, otherwise none. `offline_access` is added if the authorization server
 * lists it, because many issue no refresh token without it.
 */
export function chooseInitialScopes(known: {
  /** Set by an admin in the server's settings; empty: none. */
  chosen?: readonly string[];
  /** The `scope` of the Bearer challenge. */
  challenged: string | null | undefined;
  resourceScopes: readonly string[] | null;
  authorizationServerScopes: readonly string[] | null;
}): string[] {
  const { chosen = [] } = known;
  const challenged = splitScopes(known.challenged);
  const named = challenged.length > 0 ? challenged : (known.resourceScopes ?? []);
  const wanted = chosen.length > 0 ? chosen : named;
  const offline = known.authorizationServerScopes?.includes("offline_access")
    ? ["offline_access"]
    : [];
  return unionScopes(wanted, offline);
}
