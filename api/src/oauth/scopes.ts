import { computeScopeUnion } from "@modelcontextprotocol/client";

/** RFC 6749 §3.3: what a scope-token may be made of. */
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** The tokens of a `scope` value, each once, in order; what is no token is left out. */
export function splitScopes(scope: string | null | undefined): string[] {
  return [...new Set((scope ?? "").split(/\s+/))].filter((token) => scopeToken.test(token));
}

/** All tokens of all lists, each once, in the order of first sight. A step-up asks for the union of granted and challenged. */
export function unionScopes(...lists: readonly (readonly string[])[]): string[] {
  return splitScopes(computeScopeUnion(...lists.map((list) => list.join(" "))));
}

/** RFC 6749 §3.3. */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text);
}

/**
 * The scopes of a first consent: those that were chosen, else the challenge's, else those of the protected resource, else none; and `offline_access` where the
 * authorization server lists it, without which many issue no refresh token.
 */
export function chooseInitialScopes(known: {
  /** By an admin, in the server's settings; empty: none were. */
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
