/** Compares the issuer in metadata with the identifier that its URL was built from (RFC 8414 §3.3). */
import { mayNameIssuer, type HostProfile } from "./provider-profiles.ts";
import { parseUrl } from "./secure-url.ts";

/** The issuer that a document must belong to, and the profile that applies. */
export interface Expectation {
  issuers: readonly [string, ...string[]];
  profile: HostProfile | null;
  trustedIssuer: string | null;
}

/**
 * The values must be identical. Returns why a different one is accepted, or false.
 * Only a slash at the end is no difference: nobody else can answer there (regressions I16).
 */
export function explainIssuer(
  found: string,
  { issuers, profile, trustedIssuer }: Expectation,
): string | null | false {
  if (issuers.includes(found)) return null;
  const [expected] = issuers;
  if (issuers.some((issuer) => mayNameIssuer(profile, issuer, found)))
    return `The metadata names ${found}, which the profile ${profile?.name} allows.`;
  if (issuers.some((issuer) => differsBySlash(issuer, found)))
    return `The metadata names ${found} instead of ${expected}. They differ only by a trailing slash.`;
  return found === trustedIssuer && isSameOrigin(found, expected)
    ? `The metadata names ${found} instead of ${expected}. An admin trusts it for this server.`
    : false;
}

export function differsBySlash(one: string, other: string): boolean {
  return one !== other && (`${one}/` === other || one === `${other}/`);
}

export function isSameOrigin(one: string, other: string): boolean {
  const origin = parseUrl(one)?.origin;
  return origin !== undefined && origin === parseUrl(other)?.origin;
}

/** The issuer is text of the server, so only a URL without credentials, query and fragment is shown. */
export function describeIssuer(issuer: string): string {
  const url = parseUrl(issuer);
  return url && issuer.length <= 500 ? `${url.origin}${url.pathname}` : "no URL";
}
