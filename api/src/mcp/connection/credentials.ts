/**
 * Adds credentials to the requests to one MCP server. They are obtained for each request, so that a reused connection never sends an
 * outdated token (R5).
 */
import { LRUCache } from "lru-cache";
import type { Fetch } from "#oauth/ports.ts";
import { currentTrace } from "./request-trace.ts";
import { SessionLostError } from "./session-lost.ts";

/** A response in which the server rejected the credentials. */
export interface Refusal {
  status: 401 | 403;
  /** The raw `WWW-Authenticate` header (RFC 9110 §11.6.1). */
  wwwAuthenticate: string | null;
  /** The headers that `Credentials.headers` returned for the rejected request. */
  sentHeaders: Record<string, string>;
  /** The receipt that `Credentials.headers` returned with them. It is passed along because concurrent calls share the connection. */
  receipt?: unknown;
  /**
   * False for a 403 and for the second consecutive rejection. A "retry" is then not performed and results in a refusal with `stop: null`.
   */
  mayRetry: boolean;
  /**
   * Whether the rejection may concern only the session: it was used before, or was opened with other headers. Some servers return 401 for a
   * session that they no longer know, or that belongs to another token (regressions I3).
   */
  isSessionDoubtful: boolean;
}

export type GivenHeaders =
  /** `receipt` is returned with a rejection of these headers. */
  | { kind: "headers"; headers: Record<string, string>; receipt?: unknown }
  | { kind: "unavailable"; cause: unknown };

/**
 * Provides the credentials of one account for one server. Both methods may throw; this is treated as an internal error and passed to the
 * caller unchanged.
 */
export interface Credentials {
  /**
   * Returns the headers for the next request to the MCP URL (bearer token and configured headers). `cause` is returned unchanged as
   * `Failure.stop`.
   */
  headers(): Promise<GivenHeaders>;
  /**
   * Called when the server rejected these headers. Returns whether to obtain new ones and send the request once more, or to open a new
   * session for it. `stop` is returned unchanged.
   */
  refused(refusal: Refusal): Promise<"retry" | "new-session" | { stop: unknown }>;
}

/** The request was not sent, or was rejected by the server, because of missing credentials. Carries the caller's own typed value. */
export class CredentialsError extends Error {
  readonly stop: unknown;

  constructor(stop: unknown) {
    super("The request has no credentials that the server accepts.");
    this.name = "CredentialsError";
    this.stop = stop;
  }
}

/**
 * An unexpected error inside `Credentials`, with the original error as `cause`. A separate class, so that it can be recognized after the
 * SDK has wrapped it.
 */
export class CredentialsFault extends Error {
  constructor(cause: unknown) {
    super("The credentials could not be obtained.", { cause });
    this.name = "CredentialsFault";
  }
}

/** Headers of the protocol itself. A configured header with the same name would break the communication. */
const PROTOCOL_HEADERS = new Set([
  "accept",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
]);

/** The fetch functions of one connection. */
export interface CredentialedFetches {
  fetch: Fetch;
  /** For streams that stay open as long as the connection but are optional: a rejection is ignored. */
  streamFetch: Fetch;
  /** For a stream that the connection requires: a rejection is handled as for a call. */
  openStream: Fetch;
}

/**
 * Reports a rejection that the server expressed in the result of a call. Returns whether the call can be repeated with new credentials.
 */
export type ReportRefusal = (
  status: 401 | 403,
  wwwAuthenticate: string,
) => Promise<"retry" | { stop: unknown }>;

/** How the rejection of `server/discover` is handled. */
export interface Discovery {
  /** Whether it is returned as it is, because `initialize` follows and may be accepted. */
  isTentative: boolean;
}

/**
 * Whether the rejection of `server/discover` may concern only this method: credentials were sent, or there is no challenge that asks for
 * any (regressions I4).
 */
function provesNothing({ status, headers }: Response, sent: Record<string, string>): boolean {
  if (status !== 401 && status !== 403) return false;
  return Object.keys(sent).length > 0 || !headers.has("www-authenticate");
}

const SHORTEST_SECRET = 8;
const REMEMBERED_SECRETS = 16;

/**
 * Wraps `fetch` for the server at `url`. Credentials are sent only to its origin, never across a redirect (S8). A request that is rejected
 * with 401 is sent once more if `credentials` allow it; no other request is sent twice (S6). `redact` removes sent credentials from text
 * that the server returns.
 */
export function createCredentialedFetch(target: {
  url: string;
  fetch: Fetch;
  /** Defaults to `fetch`. */
  streamFetch?: Fetch | undefined;
  credentials: Credentials;
}): CredentialedFetches & {
  redact: (text: string) => string;
  discovery: Discovery;
  reportRefusal: ReportRefusal;
} {
  const origin = new URL(target.url).origin;
  const secrets = new LRUCache<string, true>({ max: REMEMBERED_SECRETS });
  const watch = createSessionWatch();
  const discovery: Discovery = { isTentative: true };
  let lastSent: Omit<Extract<GivenHeaders, { kind: "headers" }>, "kind"> = { headers: {} };

  async function sendOnce(fetch: Fetch, input: string | URL, init: RequestInit | undefined) {
    const given = await ask(() => target.credentials.headers());
    if (given.kind === "unavailable") throw new CredentialsError(given.cause);
    rememberSecrets(secrets, given.headers);
    lastSent = given;
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(given.headers)) {
      if (!PROTOCOL_HEADERS.has(name.toLowerCase())) headers.set(name, value);
    }
    // Obtaining the headers may have included a token refresh. A call that was cancelled in the meantime must not be sent.
    init?.signal?.throwIfAborted();
    const trace = currentTrace();
    if (trace) trace.sent = true;
    const response = await fetch(input, { ...init, headers });
    return { response, given };
  }

  async function send(
    fetch: Fetch,
    isCall: boolean,
    input: string | URL,
    init?: RequestInit,
  ): Promise<Response> {
    if (new URL(input).origin !== origin) return fetch(input, init);
    const isInSession = watch.isInSession(init);
    const isDiscovery = new Headers(init?.headers).get("mcp-method") === "server/discover";
    for (let mayRetry = true; ; mayRetry = false) {
      const { response, given } = await sendOnce(fetch, input, init);
      const { status } = response;
      const trace = currentTrace();
      if (trace) trace.httpStatus = status;
      if (!isCall) return response;
      if (isDiscovery && discovery.isTentative && provesNothing(response, given.headers))
        return response;
      if (!isInSession) watch.opened(given.headers);
      if (status !== 401 && status !== 403) {
        // A notification is accepted with 202, which says nothing about the session.
        if (isInSession && status !== 202) watch.used();
        return response;
      }
      const refusal: Refusal = {
        status,
        wwwAuthenticate: response.headers.get("www-authenticate"),
        sentHeaders: given.headers,
        receipt: given.receipt,
        mayRetry: mayRetry && status === 401,
        isSessionDoubtful: isInSession && watch.isDoubtful(status, given.headers),
      };
      // A 401 means that the server did not run the call, even if the renewal of the credentials fails.
      if (trace && status === 401) trace.sent = false;
      await response.body?.cancel().catch(() => undefined);
      const verdict = await ask(() => target.credentials.refused(refusal));
      if (verdict === "new-session") throw new SessionLostError(status, null);
      if (verdict !== "retry") throw new CredentialsError(verdict.stop);
      if (!refusal.mayRetry) throw new CredentialsError(null);
    }
  }

  const streamFetch = target.streamFetch ?? target.fetch;
  return {
    discovery,
    async reportRefusal(status, wwwAuthenticate) {
      const { headers, receipt } = lastSent;
      const verdict = await ask(() =>
        target.credentials.refused({
          status,
          wwwAuthenticate,
          sentHeaders: headers,
          receipt,
          mayRetry: status === 401,
          isSessionDoubtful: false,
        }),
      );
      return typeof verdict === "string" ? "retry" : verdict;
    },
    // Resuming a stream and ending a session are maintenance requests and must not trigger a token refresh.
    fetch: (input, init) => send(target.fetch, init?.method === "POST", input, init),
    streamFetch: (input, init) => send(streamFetch, false, input, init),
    openStream: (input, init) => {
      watch.startsStream();
      return send(streamFetch, true, input, init);
    },
    redact: (text) => {
      let clean = text;
      for (const secret of secrets.keys()) clean = clean.replaceAll(secret, "[redacted]");
      return clean;
    },
  };
}

/** Observes with which headers the connection's legacy session was opened, and whether it has been used since. */
function createSessionWatch() {
  let openedWith: Record<string, string> | null = null;
  let wasUsed = false;
  /** With HTTP+SSE, the stream is the session. */
  let isStream = false;
  return {
    isInSession: (init: RequestInit | undefined) =>
      new Headers(init?.headers).has("mcp-session-id") || (isStream && init?.method === "POST"),
    opened(headers: Record<string, string>) {
      openedWith = headers;
      wasUsed = false;
    },
    used() {
      wasUsed = true;
    },
    startsStream() {
      isStream = true;
    },
    isDoubtful(status: 401 | 403, headers: Record<string, string>): boolean {
      const isForeign = JSON.stringify(openedWith) !== JSON.stringify(headers);
      return isForeign || (status === 401 && wasUsed);
    },
  };
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw new CredentialsFault(error);
  }
}

function rememberSecrets(secrets: LRUCache<string, true>, headers: Record<string, string>): void {
  for (const value of Object.values(headers)) {
    const secret = value.replace(/^(?:bearer|basic|token)\s+/i, "");
    if (secret.length >= SHORTEST_SECRET) secrets.set(secret, true);
  }
}
