/** From a server's URL to the authorization server, the resource and the scopes of a first consent. */
import { findAuthorizationServer, guessAuthorizationServer } from "./authorization-server.ts";
import type { AuthorizationServer, AuthorizationServerAnswer } from "./authorization-server.ts";
import type { BearerChallenge } from "./challenge.ts";
import type { DiscoveryCache } from "./discovery-cache.ts";
import type { DiscoveryFault } from "./discovery-fault.ts";
import type { Fetch } from "./ports.ts";
import { findProtectedResource } from "./protected-resource.ts";
import { canonicalizeResource } from "./resource.ts";
import { chooseInitialScopes } from "./scopes.ts";
import { isSecureUrl, parseUrl } from "./secure-url.ts";
import type { StepRecorder } from "./steps.ts";

/** Serialisable as it is. */
export interface Discovery {
  /** RFC 8707: the published value byte for byte, else the server's canonical URL. */
  resource: string;
  /** The chosen authorization server. */
  issuer: string;
  /** All that the resource lists, as published. */
  authorizationServers: string[];
  metadata: AuthorizationServer;
  /** What a first consent asks for; empty: no `scope` is sent. */
  scopes: string[];
}

export type DiscoveryAnswer =
  | { ok: true; discovery: Discovery }
  | { ok: false; fault: DiscoveryFault };

export interface DiscoverOptions {
  serverUrl: string;
  /** Of the server's 401, if it sent one. */
  challenge: BearerChallenge | null;
  fetch: Fetch;
  steps: StepRecorder;
  /** Only this authorization server will do: a pre-registered client is pinned to it, or the person chose it. */
  chosenIssuer?: string | null;
  cache?: DiscoveryCache;
}

/** Strangers name the authorization servers: so many are tried, in the order listed. */
const maxAuthorizationServers = 5;

/**
 * Walks RFC 9728, RFC 8414 and OpenID Connect Discovery as the MCP specification orders. Each exchange is reported as a step. Without
 * any metadata the endpoints of the 2025-03-26 revision are assumed at the server's own origin.
 */
export async function discover(options: DiscoverOptions): Promise<DiscoveryAnswer> {
  const { challenge, fetch, steps, chosenIssuer } = options;
  const serverUrl = parseUrl(options.serverUrl);
  if (serverUrl?.protocol !== "https:" && serverUrl?.protocol !== "http:") {
    return fail("INVALID_SERVER_URL", "The server's address must be an http or https URL.");
  }
  const protectedResource = await findProtectedResource({
    serverUrl,
    challengedUrl: challenge?.resourceMetadata ?? null,
    fetch,
    steps,
  });
  if (protectedResource.kind === "mismatch") {
    return fail(
      "RESOURCE_MISMATCH",
      "The server's protected resource metadata is about another resource.",
    );
  }
  if (protectedResource.kind === "unavailable") {
    const message = "The server's protected resource metadata could not be fetched.";
    return fail("METADATA_UNAVAILABLE", message, true);
  }
  const listed = protectedResource.kind === "found" ? protectedResource.authorizationServers : [];
  const answer =
    listed.length > 0
      ? await chooseListed(listed, chosenIssuer ?? null, options)
      : await assumeOrigin(
          serverUrl,
          protectedResource.kind === "none" && protectedResource.certain,
          options,
        );
  if (!answer.ok) return answer;
  const { metadata } = answer;
  return {
    ok: true,
    discovery: {
      resource:
        protectedResource.kind === "found"
          ? protectedResource.resource
          : canonicalizeResource(serverUrl),
      issuer: metadata.issuer,
      authorizationServers: listed.length > 0 ? listed : [metadata.issuer],
      metadata,
      scopes: chooseInitialScopes({
        challenged: challenge?.scope,
        resourceScopes:
          protectedResource.kind === "found" ? protectedResource.scopesSupported : null,
        authorizationServerScopes: metadata.scopesSupported,
      }),
    },
  };
}

type Choice = { ok: true; metadata: AuthorizationServer } | { ok: false; fault: DiscoveryFault };

async function chooseListed(
  listed: string[],
  chosenIssuer: string | null,
  options: DiscoverOptions,
): Promise<Choice> {
  if (chosenIssuer !== null && !listed.includes(chosenIssuer)) return failUnlisted();
  const candidates =
    chosenIssuer === null ? listed.slice(0, maxAuthorizationServers) : [chosenIssuer];
  let first: Choice | null = null;
  for (const issuer of candidates) {
    const answer = await findCached([issuer], options);
    const choice: Choice =
      answer.kind === "found"
        ? { ok: true, metadata: answer.metadata }
        : answer.kind === "refused"
          ? { ok: false, fault: answer.fault }
          : failMissing(answer.certain);
    if (choice.ok) return choice;
    first ??= choice;
  }
  return first ?? failMissing(true);
}

/** Nobody names an authorization server: the server's origin is taken for it, as in the 2025-03-26 revision. */
async function assumeOrigin(
  serverUrl: URL,
  mayGuess: boolean,
  options: DiscoverOptions,
): Promise<Choice> {
  const { origin } = serverUrl;
  const spellings = [origin, `${origin}/`] as const;
  const { chosenIssuer, steps } = options;
  if (chosenIssuer && !spellings.some((issuer) => issuer === chosenIssuer)) return failUnlisted();
  const answer = await findCached(spellings, options);
  if (answer.kind === "found") return { ok: true, metadata: answer.metadata };
  if (answer.kind === "refused") return { ok: false, fault: answer.fault };
  const guessed = guessAuthorizationServer(origin);
  if (!mayGuess || !answer.certain || !isSecureUrl(guessed.tokenEndpoint)) {
    return failMissing(answer.certain);
  }
  steps.note(
    "AUTHORIZATION_SERVER_METADATA",
    "SKIPPED",
    "No metadata anywhere: default endpoints of the 2025-03-26 revision. PKCE is sent, though nothing says that it is supported.",
    origin,
  );
  return { ok: true, metadata: guessed };
}

async function findCached(
  issuers: readonly [string, ...string[]],
  { cache, fetch, steps }: DiscoverOptions,
): Promise<AuthorizationServerAnswer> {
  for (const issuer of issuers) {
    const metadata = cache?.get(issuer);
    if (!metadata) continue;
    steps.note("AUTHORIZATION_SERVER_METADATA", "SKIPPED", "Known from a moment ago.", issuer);
    return { kind: "found", metadata };
  }
  const answer = await findAuthorizationServer({ issuers, fetch, steps });
  if (answer.kind === "found") cache?.set(answer.metadata);
  return answer;
}

function fail(
  code: DiscoveryFault["code"],
  message: string,
  retryable = false,
): { ok: false; fault: DiscoveryFault } {
  return { ok: false, fault: { code, message, retryable } };
}

function failMissing(certain: boolean): { ok: false; fault: DiscoveryFault } {
  return certain
    ? fail("METADATA_MISSING", "The authorization server publishes no metadata.")
    : fail(
        "METADATA_UNAVAILABLE",
        "The authorization server's metadata could not be fetched.",
        true,
      );
}

function failUnlisted(): { ok: false; fault: DiscoveryFault } {
  const message = "The server no longer names the authorization server that was chosen for it.";
  return fail("AUTHORIZATION_SERVER_NOT_LISTED", message);
}
