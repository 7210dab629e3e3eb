/**
 * Provider profiles: what known authorization servers do otherwise than the specifications say, as data. The protocol never asks who
 * somebody is; it asks whether a deviation is named. A profile that relaxes or changes anything is chosen by the host of the issuer
 * alone, which nobody but the provider can answer for; looks choose only profiles without deviations.
 */
import { isSecureUrl, parseUrl } from "./secure-url.ts";

/** What may be otherwise, by name, these and no others. The value is what the deviation needs to know; absent with everybody else. */
export interface Deviations {
  /** `resource` (RFC 8707) is left out of all requests: the provider refuses it, and takes the audience from the scope. */
  "no-resource-parameter"?: true;
  /** The metadata lists no PKCE methods, though S256 is honoured. It is sent all the same; a list without S256 is still a refusal. */
  "pkce-unlisted"?: true;
  /** Resources list the issuer with a trailing slash that its own metadata lacks, or the reverse. Nothing else may differ. */
  "issuer-trailing-slash"?: true;
  /** The metadata names another issuer than the address that it was found at; good while that issuer's host is one of this profile. */
  "issuer-elsewhere"?: true;
  /** Scopes go in `user_scope`: in `scope` they would be those of a bot. */
  "user-scope"?: true;
  /** Further parameters of the authorization request, without which no refresh token is issued. */
  "authorization-parameters"?: Readonly<Record<string, string>>;
  /** `prompt=consent` is left out: it turns away whoever may not consent for themselves, although an administrator has. */
  "no-consent-prompt"?: true;
  /** The member of the token endpoint's answer that holds the tokens, where the answer has one. */
  "nested-token"?: string;
  /** Values of `token_type` that stand for a bearer token. */
  "token-types"?: readonly string[];
  /** `scope` in the token endpoint's answers is separated by commas. */
  "comma-scopes"?: true;
  /** Error codes of the provider's own, and those of RFC 6749 §5.2 that they mean. */
  "error-codes"?: Readonly<Record<string, "invalid_grant" | "invalid_client" | "invalid_request">>;
  /** What the token endpoint takes, where the metadata does not say: the default of RFC 8414 §2 is not it. */
  "authentication-methods"?: readonly string[];
}

interface NamedProfile {
  /** As steps and rows name it. */
  name: string;
  /** What the provider does that Gatehouse copes with anyway, for the reader of a step. */
  expects: readonly string[];
}

/** Known by the issuer's host. */
export interface HostProfile extends NamedProfile {
  /** With the port, if it is not the scheme's own; one that begins with a dot stands for all hosts below it. */
  hosts: readonly string[];
  deviations: Deviations;
}

/** Software that anybody may run, known by where its endpoints are. Anybody may look like it, so nothing is done otherwise for it. */
export interface ShapeProfile extends NamedProfile {
  /** Appended to the issuer; each must fit. */
  endpoints: readonly Readonly<Record<"authorization" | "token" | "registration", string>>[];
  deviations: Record<string, never>;
}

export type ProviderProfile = HostProfile | ShapeProfile;

/** What of validated metadata a look is told by. */
interface PublishedEndpoints {
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  registrationEndpoint: string | null;
  /** Guessed, not published. */
  legacy: boolean;
}

export interface ProviderProfiles {
  /** By an issuer alone, before anything is known of it. */
  matchIssuer(issuer: string): HostProfile | null;
  /** By validated metadata. */
  match(metadata: PublishedEndpoints): ProviderProfile | null;
  /** The deviations of a profile by its stored name; none for null, and for a name that is no longer known. */
  deviationsOf(name: string | null): Deviations;
}

/** The first that fits decides. */
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
 * Whether metadata that was found at `identifier` may name `issuer`: RFC 8414 §3.3 says only if they are identical, and so it is
 * without a profile that says otherwise.
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
  // What was only guessed looks like nothing.
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
