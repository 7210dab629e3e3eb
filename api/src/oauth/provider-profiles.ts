/**
 * Provider profiles: how known authorization servers deviate from the specifications, as data. The
 * protocol code never checks for a provider, only for a deviation. A profile with deviations is
 * selected only by the host of the issuer, which only the provider controls. The endpoints of an
 * issuer select only profiles without deviations.
 */
import { isSecureUrl, parseUrl } from "./secure-url.ts";

/**
 * All supported deviations. The value is a parameter of the deviation; absent for all other
 * providers.
 */
export interface Deviations {
  /**
   * `resource` (RFC 8707) is left out of all requests: the provider rejects it, and derives the
   * audience from the scope.
   */
  "no-resource-parameter"?: true;
  /**
   * The metadata lists no PKCE methods although S256 is supported. It is still sent, and a list
   * without S256 is still rejected.
   */
  "pkce-unlisted"?: true;
  /**
   * Resources list the issuer with a trailing slash that its own metadata does not have, or the
   * reverse. No other difference is allowed.
   */
  "issuer-trailing-slash"?: true;
  /**
   * The metadata names a different issuer than the address where it was found. This is allowed if
   * the issuer's host belongs to the profile.
   */
  "issuer-elsewhere"?: true;
  /** Scopes are sent in `user_scope`, because `scope` contains those of a bot. */
  "user-scope"?: true;
  /** Additional parameters of the authorization request, which are required for a refresh token. */
  "authorization-parameters"?: Readonly<Record<string, string>>;
  /**
   * `prompt=consent` is left out: it rejects users who may not consent themselves, even if an
   * administrator has consented.
   */
  "no-consent-prompt"?: true;
  /**
   * The property of the token endpoint's response that contains the tokens, if the response has it.
   */
  "nested-token"?: string;
  /** Values of `token_type` that stand for a bearer token. */
  "token-types"?: readonly string[];
  /** `scope` in the responses of the token endpoint is separated by commas. */
  "comma-scopes"?: true;
  /** Error codes of the provider, and the codes of RFC 6749 §5.2 that they correspond to. */
  "error-codes"?: Readonly<Record<string, "invalid_grant" | "invalid_client" | "invalid_request">>;
  /**
   * The authentication methods of the token endpoint, if the metadata does not list them and the
   * default of RFC 8414 §2 does not apply.
   */
  "authentication-methods"?: readonly string[];
}

interface NamedProfile {
  /** The name in steps and rows. */
  name: string;
  /**
   * Behavior of the provider that Gatehouse handles without a deviation, described for readers of a
   * step.
   */
  expects: readonly string[];
}

/** Identified by the host of the issuer. */
export interface HostProfile extends NamedProfile {
  /**
   * With the port, if it is not the default. A host that begins with a dot matches all hosts below
   * it.
   */
  hosts: readonly string[];
  deviations: Deviations;
}

/**
 * Software that anyone can run, identified by the paths of its endpoints. Because any server can
 * have such paths, these profiles have no deviations.
 */
export interface ShapeProfile extends NamedProfile {
  /** Appended to the issuer; all of them must match. */
  endpoints: readonly Readonly<Record<"authorization" | "token" | "registration", string>>[];
  deviations: Record<string, never>;
}

export type ProviderProfile = HostProfile | ShapeProfile;

/** The validated metadata that identifies software. */
interface PublishedEndpoints {
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  registrationEndpoint: string | null;
  /** Whether the endpoints are assumed instead of published. */
  legacy: boolean;
}

export interface ProviderProfiles {
  /** Finds a profile by the issuer alone, before any metadata is known. */
  matchIssuer(issuer: string): HostProfile | null;
  /** Finds a profile by validated metadata. */
  match(metadata: PublishedEndpoints): ProviderProfile | null;
  /**
   * The deviations of a profile by its stored name; none for null, and for a name that no longer
   * exists.
   */
  deviationsOf(name: string | null): Deviations;
}

/** The first matching profile is used. */
export function createProfiles(list: readonly ProviderProfile[]): ProviderProfiles {
  const matchIssuer: ProviderProfiles["matchIssuer"] = (issuer) =>
    list.find((profile): profile is HostProfile => isOfHost(profile, issuer)) ?? null;

  return {
    matchIssuer,
    match: (metadata) =>
      matchIssuer(metadata.issuer) ?? list.find((profile) => hasShape(profile, metadata)) ?? null,
    deviationsOf: (name) => list.find((profile) => profile.name === name)?.deviations ?? {},
  };
}

/**
 * Whether metadata that was found at `identifier` may name `issuer`. RFC 8414 §3.3 requires that
 * they are identical, unless a profile allows a difference.
 */
export function mayNameIssuer(
  profile: HostProfile | null,
  identifier: string,
  issuer: string,
): boolean {
  if (issuer === identifier) return true;
  if (!profile || !isOfHost(profile, identifier)) return false;
  if (profile.deviations["issuer-elsewhere"] && isOfHost(profile, issuer)) return true;
  return (
    profile.deviations["issuer-trailing-slash"] === true &&
    (issuer === `${identifier}/` || identifier === `${issuer}/`)
  );
}

/** One sentence for a step. */
export function describeProfile({ name, deviations, expects }: ProviderProfile): string {
  const names = Object.keys(deviations);
  const what = `Provider profile: ${name} (${names.join(", ") || "no deviations"}).`;
  return expects.length === 0 ? what : `${what} Expected: ${expects.join("; ")}.`;
}

function isOfHost(profile: ProviderProfile, issuer: string): boolean {
  const url = isSecureUrl(issuer) ? parseUrl(issuer) : null;
  if (!url || url.search !== "" || !("hosts" in profile)) return false;
  const { host } = url;
  return profile.hosts.some((known) =>
    known.startsWith(".") ? host.endsWith(known) : host === known,
  );
}

function hasShape(profile: ProviderProfile, metadata: PublishedEndpoints): boolean {
  // Assumed endpoints do not identify software.
  if (!("endpoints" in profile) || metadata.legacy) return false;
  const base = metadata.issuer.replace(/\/$/, "");
  return profile.endpoints.some(
    ({ authorization, token, registration }) =>
      metadata.authorizationEndpoint === base + authorization &&
      metadata.tokenEndpoint === base + token &&
      (metadata.registrationEndpoint === null ||
        metadata.registrationEndpoint === base + registration),
  );
}
