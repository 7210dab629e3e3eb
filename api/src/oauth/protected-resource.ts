/**
 * Protected resource metadata (RFC 9728): the authorization servers and the resource identifier of
 * a server.
 */
import { discoverOAuthProtectedResourceMetadata } from "@modelcontextprotocol/client";
import { claimsJson, isEventStream } from "./json-response.ts";
import type { Fetch } from "./ports.ts";
import { coversServer } from "./resource.ts";
import { isSecureUrl, parseUrl } from "./secure-url.ts";
import type { StepRecorder, Verdict } from "./flow-steps.ts";
import { isTransientStatus } from "./transient-status.ts";

export type ProtectedResourceAnswer =
  | {
      kind: "found";
      /** Byte for byte as published, because it is sent in this form (RFC 8707). */
      resource: string;
      authorizationServers: string[];
      scopesSupported: string[] | null;
    }
  /**
   * Nothing usable is published. `certain`: the response at every URL said so, and the server
   * specified no URL. `flaw`: one sentence, if the server is faulty.
   */
  | { kind: "none"; certain: boolean; flaw: string | null }
  /** Published, but for a different resource. */
  | { kind: "mismatch"; resource: string }
  /** Nothing was learned. */
  | { kind: "unavailable" };

type Lookup =
  | Exclude<ProtectedResourceAnswer, { kind: "none" }>
  /** `flaw`: set if the server says that there is a document. */
  | { kind: "none"; flaw: string | null }
  /** The document cannot be read. */
  | { kind: "unreadable"; flaw: string }
  /** A gateway's 502 can mean an unknown path: other URLs are tried, but nothing is assumed. */
  | { kind: "doubtful" };

/**
 * Requests the URL of the challenge, then the well-known URL with the server's path, then the one
 * of the root. A URL without a response ends the search only if no other has the document.
 */
export async function findProtectedResource(options: {
  serverUrl: URL;
  /** `resource_metadata` of the Bearer challenge, as received. */
  challengedUrl: string | null;
  fetch: Fetch;
  steps: StepRecorder;
}): Promise<ProtectedResourceAnswer> {
  const { serverUrl, challengedUrl, fetch, steps } = options;
  const isUsable = challengedUrl === null || isFit(challengedUrl, serverUrl);
  let flaw: string | null = null;
  if (!isUsable) {
    flaw = "The server specifies an address for its metadata that is neither https nor loopback.";
    steps.note("PROTECTED_RESOURCE_METADATA", "FAILED", flaw, challengedUrl);
  }
  const places = listPlaces(serverUrl, isUsable ? challengedUrl : null);
  let certain = challengedUrl === null;
  let unavailable = false;
  for (const url of places) {
    const lookup = await lookUp(serverUrl, { url, isNamed: url === challengedUrl }, fetch, steps);
    if (lookup.kind === "found" || lookup.kind === "mismatch") return lookup;
    if (lookup.kind === "unavailable") unavailable = true;
    if (lookup.kind === "doubtful" || lookup.kind === "unreadable") certain = false;
    if (lookup.kind === "none" || lookup.kind === "unreadable") flaw ??= lookup.flaw;
  }
  return unavailable ? { kind: "unavailable" } : { kind: "none", certain, flaw };
}

function isFit(challengedUrl: string, serverUrl: URL): boolean {
  return parseUrl(challengedUrl)?.origin === serverUrl.origin || isSecureUrl(challengedUrl);
}

/** RFC 9728 §3.1: inserted between host and path; the query is kept. */
function listPlaces(serverUrl: URL, challengedUrl: string | null): string[] {
  const places = challengedUrl === null ? [] : [challengedUrl];
  const root = "/.well-known/oauth-protected-resource";
  const path = serverUrl.pathname.replace(/\/$/, "");
  const withPath = new URL(`${root}${path}`, serverUrl);
  withPath.search = serverUrl.search;
  places.push(withPath.href, new URL(root, serverUrl).href);
  return [...new Set(places)];
}

interface Place {
  url: string;
  /** Whether the URL is from the server's challenge. */
  isNamed: boolean;
}

async function lookUp(
  serverUrl: URL,
  place: Place,
  fetch: Fetch,
  steps: StepRecorder,
): Promise<Lookup> {
  try {
    return await steps.record(
      "PROTECTED_RESOURCE_METADATA",
      fetch,
      async (recordingFetch) => await readPlace(serverUrl, place, recordingFetch),
      judge,
    );
  } catch {
    return { kind: "unavailable" };
  }
}

/**
 * Requests one URL at a time: the SDK's function stops at an HTML page with status 200.
 * @throws if there was no response, or its body was incomplete
 */
async function readPlace(serverUrl: URL, place: Place, fetch: Fetch): Promise<Lookup> {
  let status: number | null = null;
  let isPublished = place.isNamed;
  const watchingFetch: Fetch = async (input, init) => {
    status = null;
    const response = await fetch(input, init);
    status = response.status;
    isPublished ||= response.ok && claimsJson(response);
    if (!isEventStream(response)) return response;
    // Some servers respond to every GET with a stream that never ends. It is not a document, so it
    // is cancelled.
    await response.body?.cancel();
    return new Response("", { status });
  };
  try {
    const options = { resourceMetadataUrl: place.url };
    const metadata = await discoverOAuthProtectedResourceMetadata(
      serverUrl,
      options,
      watchingFetch,
    );
    const { resource, authorization_servers: servers, scopes_supported: scopes } = metadata;
    if (!coversServer(resource, serverUrl)) return { kind: "mismatch", resource };
    return {
      kind: "found",
      resource,
      authorizationServers: [...new Set(servers ?? [])],
      scopesSupported: scopes ?? null,
    };
  } catch (error) {
    const lookup = classifyFailure(status, error);
    return lookup.kind === "none" ? explainNothing(status, error, place, isPublished) : lookup;
  }
}

/** An HTML page for every URL is not a fault, unless the server specified the URL. */
function explainNothing(
  status: number | null,
  error: unknown,
  { isNamed }: Place,
  isPublished: boolean,
): Lookup {
  const isAnswered = status !== null && status >= 200 && status < 300;
  if (isAnswered && isPublished && error instanceof SyntaxError)
    return { kind: "unreadable", flaw: "The server's metadata is not JSON." };
  if (!isNamed) return { kind: "none", flaw: null };
  if (isAnswered)
    return { kind: "unreadable", flaw: "The server's metadata lacks what it must have." };
  const flaw = "The server specifies an address for its metadata where nothing is published.";
  return { kind: "none", flaw };
}

function classifyFailure(status: number | null, error: unknown): Lookup {
  if (status === null) throw error;
  if (status === 502) return { kind: "doubtful" };
  if (isTransientStatus(status)) return { kind: "unavailable" };
  if (status < 200 || status > 299) return { kind: "none", flaw: null };
  // An incomplete body says nothing. A complete body that is not metadata means that there is none.
  if (error instanceof SyntaxError || (error instanceof Error && error.name === "ZodError")) {
    return { kind: "none", flaw: null };
  }
  throw error;
}

function judge(lookup: Lookup): Verdict {
  switch (lookup.kind) {
    case "found":
      return { outcome: "OK" };
    case "none":
      return { outcome: "SKIPPED", detail: "Nothing is published here." };
    case "unreadable":
      return { outcome: "FAILED", detail: lookup.flaw };
    case "mismatch":
      return {
        outcome: "FAILED",
        detail: "The metadata describes a different resource than this server.",
      };
    case "doubtful":
    case "unavailable":
      return { outcome: "FAILED", detail: "No usable response." };
  }
}
