/**
 * Determines the authorization server, the resource and the scopes of a first consent from a
 * server's URL.
 */
import type { AuthorizationServer } from "./authorization-server.ts";
import type { BearerChallenge } from "./challenge.ts";
import {
  assumeOrigin,
  chooseListed,
  type ChoiceOptions,
  useForced,
} from "./choose-authorization-server.ts";
import type { DiscoveryFault } from "./discovery-fault.ts";
import { findProtectedResource, type ProtectedResourceAnswer } from "./protected-resource.ts";
import { describeProfile, type ProviderProfile } from "./provider-profiles.ts";
import { canonicalizeResource } from "./resource.ts";
import { chooseInitialScopes } from "./scopes.ts";
import { parseUrl } from "./secure-url.ts";
import type { StepRecorder } from "./flow-steps.ts";

/** Can be serialized as JSON. */
export interface Discovery {
  /** RFC 8707: the published value, byte for byte; otherwise the server's canonical URL. */
  resource: string;
  /** The chosen authorization server. */
  issuer: string;
  /** All authorization servers that the resource lists, as published. */
  authorizationServers: string[];
  metadata: AuthorizationServer;
  /** The profile whose deviations apply; null: none. */
  profile: ProviderProfile | null;
  /** The scopes of a first consent; empty: no `scope` is sent. */
  scopes: string[];
}

export type DiscoveryAnswer =
  | {
      ok: true;
      discovery: Discovery;
      /**
       * The discovery for each further usable authorization server, in the order listed; empty
       * unless all were requested.
       */
      others: Discovery[];
    }
  | {
      ok: false;
      fault: DiscoveryFault;
      /**
       * Whether the server's metadata names an authorization server: OAuth is required, although it
       * cannot be used.
       */
      isNamed: boolean;
    };

export interface DiscoverOptions extends ChoiceOptions {
  serverUrl: string;
  /**
   * Whether metadata at the server's origin applies if the server names no authorization server.
   * False for a server that asked for no credentials (regressions I1). Defaults to true.
   */
  mayAssumeOrigin?: boolean;
  /** The challenge of the server's 401 response, if there was one. */
  challenge: BearerChallenge | null;
  /**
   * The scopes to request instead of those that the server declares; empty: those of the server.
   */
  chosenScopes?: readonly string[];
}

/**
 * Performs discovery by RFC 9728, RFC 8414 and OpenID Connect Discovery in the order of the MCP
 * specification. Each exchange is reported as a step. Without any metadata, the endpoints of the
 * 2025-03-26 revision are assumed at the server's own origin.
 */
export async function discover(options: DiscoverOptions): Promise<DiscoveryAnswer> {
  const { challenge, fetch, steps, forcedIssuer, chosenScopes = [] } = options;
  const serverUrl = parseUrl(options.serverUrl);
  if (serverUrl?.protocol !== "https:" && serverUrl?.protocol !== "http:") {
    const message = "The server's address must be an http or https URL.";
    return { ...fail("INVALID_SERVER_URL", message), isNamed: false };
  }
  const protectedResource = await findProtectedResource({
    serverUrl,
    challengedUrl: challenge?.resourceMetadata ?? null,
    fetch,
    steps,
  });
  if (protectedResource.kind === "mismatch") {
    const message = "The server's protected resource metadata describes a different resource.";
    return { ...fail("RESOURCE_MISMATCH", message), isNamed: false };
  }
  if (protectedResource.kind === "unavailable") {
    const message = "The server's protected resource metadata could not be fetched.";
    return { ...fail("METADATA_UNAVAILABLE", message, true), isNamed: false };
  }
  const { mayAssumeOrigin = true } = options;
  if (protectedResource.kind === "none" && !forcedIssuer && !mayAssumeOrigin) {
    const message = "The server names no authorization server.";
    return { ...fail("METADATA_MISSING", message), isNamed: false };
  }
  const listed = protectedResource.kind === "found" ? protectedResource.authorizationServers : [];
  const answer = forcedIssuer
    ? await useForced(forcedIssuer, listed, options)
    : listed.length > 0
      ? await chooseListed(listed, options)
      : await assumeOrigin(
          serverUrl,
          {
            mayGuess: protectedResource.kind === "none" && protectedResource.certain,
            flaw: findFlaw(protectedResource),
          },
          options,
        );
  if (!answer.ok) return { ...answer, isNamed: listed.length > 0 };
  if (chosenScopes.length > 0) {
    const detail = "The scopes are taken from the settings, not from the server.";
    steps.note("PROTECTED_RESOURCE_METADATA", "SKIPPED", detail);
  }
  const describe = (metadata: AuthorizationServer): Discovery => ({
    resource:
      protectedResource.kind === "found"
        ? protectedResource.resource
        : canonicalizeResource(serverUrl),
    issuer: metadata.issuer,
    authorizationServers: listed.length > 0 ? listed : [metadata.issuer],
    metadata,
    profile: options.profiles.match(metadata),
    scopes: chooseInitialScopes({
      chosen: chosenScopes,
      challenged: challenge?.scope,
      resourceScopes: protectedResource.kind === "found" ? protectedResource.scopesSupported : null,
      authorizationServerScopes: metadata.scopesSupported,
    }),
  });
  const discovery = describe(answer.metadata);
  // If several are usable, it is not yet known which one will be used.
  if (answer.others.length === 0) noteProfile(discovery, steps);
  return { ok: true, discovery, others: answer.others.map(describe) };
}

/** Why no authorization server is named although the server should name one. */
function findFlaw(found: ProtectedResourceAnswer): DiscoveryFault | null {
  if (found.kind === "found") {
    const message = "The server's metadata names no authorization server.";
    return fail("AUTHORIZATION_SERVER_UNNAMED", message).fault;
  }
  if (found.kind !== "none" || found.flaw === null) return null;
  return fail("RESOURCE_METADATA_INVALID", found.flaw).fault;
}

/** Records which profile's deviations will apply, if any. */
export function noteProfile({ profile, metadata }: Discovery, steps: StepRecorder): void {
  const note = (detail: string): void =>
    steps.note("AUTHORIZATION_SERVER_METADATA", "OK", detail, metadata.issuer);
  if (profile) note(describeProfile(profile));
  if (!metadata.legacy && metadata.codeChallengeMethodsSupported === null) {
    note("PKCE is used, although the metadata does not list it as supported.");
  }
}

function fail(
  code: DiscoveryFault["code"],
  message: string,
  retryable = false,
): { ok: false; fault: DiscoveryFault } {
  return { ok: false, fault: { code, message, retryable } };
}
