/** Puts credentials on requests to one MCP server, asked for per request so that a warm connection never uses a stale token (R5). */
import type { Fetch } from "#oauth/ports.ts";
import { currentTrace } from "./request-trace.ts";

/** A server's refusal of the headers that were sent. */
export interface Refusal {
  status: 401 | 403;
  /** The raw `WWW-Authenticate` header (RFC 9110 §11.6.1). */
  wwwAuthenticate: string | null;
  /** The headers that `Credentials.headers` gave for the refused request. */
  sentHeaders: Record<string, string>;
  /** What `Credentials.headers` gave with them. Calls share a connection, so nothing about a request is kept elsewhere. */
  receipt?: unknown;
  /** False on a 403 and on the second refusal in a row: a "retry" is not honoured then and ends as a refusal with `stop: null`. */
  mayRetry: boolean;
}

export type GivenHeaders =
  /** `receipt` comes back with a refusal of these headers. */
  | { kind: "headers"; headers: Record<string, string>; receipt?: unknown }
  | { kind: "unavailable"; cause: unknown };

/** Where credentials for one server and one owner come from. Both methods may throw; that is a fault of ours and reaches the caller as it is. */
export interface Credentials {
  /** Headers for the next request to the MCP URL (bearer and configured headers). `cause` is handed back untouched as `Failure.stop`. */
  headers(): Promise<GivenHeaders>;
  /** The server refused these headers; answers whether to ask for new ones and send the request once more. `stop` is handed back untouched. */
  refused(refusal: Refusal): Promise<"retry" | { stop: unknown }>;
}

/** No request was sent, or the server refused it, for lack of credentials; carries the caller's own typed value. */
export class CredentialsError extends Error {
  readonly stop: unknown;

  constructor(stop: unknown) {
    super("The request has no credentials that the server accepts.");
    this.name = "CredentialsError";
    this.stop = stop;
  }
}

/** Something unexpected was thrown inside `Credentials`; `cause` is what it was. Kept apart so that the SDK's wrapping cannot hide it. */
export class CredentialsFault extends Error {
  constructor(cause: unknown) {
    super("Credentials could not be had.", { cause });
    this.name = "CredentialsFault";
  }
}

/** Headers of the protocol itself: a configured header of the same name would break the exchange. */
const PROTOCOL_HEADERS = new Set([
  "accept",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
]);

/** One connection's ways to its server. */
export interface CredentialedFetches {
  fetch: Fetch;
  /** For streams that stand as long as the connection, and that it does without when they are refused. */
  streamFetch: Fetch;
  /** For a stream that the connection cannot do without: a refusal is treated as a call's is. */
  openStream: Fetch;
}

const SHORTEST_SECRET = 8;
const REMEMBERED_SECRETS = 16;

/**
 * Wraps `fetch` for the server at `url`. Credentials go to its origin only, never across a redirect (S8). A request refused with
 * 401 is sent again once if `credentials` say so; nothing else is ever sent twice (S6). `redact` replaces credentials that were
 * sent, wherever a server echoes them.
 */
export function createCredentialedFetch(target: {
  url: string;
  fetch: Fetch;
  /** Left out: `fetch`. */
  streamFetch?: Fetch | undefined;
  credentials: Credentials;
}): CredentialedFetches & { redact: (text: string) => string } {
  const origin = new URL(target.url).origin;
  const secrets = new Set<string>();

  async function sendOnce(fetch: Fetch, input: string | URL, init: RequestInit | undefined) {
    const given = await ask(() => target.credentials.headers());
    if (given.kind === "unavailable") throw new CredentialsError(given.cause);
    rememberSecrets(secrets, given.headers);
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(given.headers)) {
      if (!PROTOCOL_HEADERS.has(name.toLowerCase())) headers.set(name, value);
    }
    // Asking may have taken a token refresh: a call that was given up meanwhile must not go out late.
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
    for (let mayRetry = true; ; mayRetry = false) {
      const { response, given } = await sendOnce(fetch, input, init);
      const { status } = response;
      if (!isCall || (status !== 401 && status !== 403)) return response;
      const refusal: Refusal = {
        status,
        wwwAuthenticate: response.headers.get("www-authenticate"),
        sentHeaders: given.headers,
        receipt: given.receipt,
        mayRetry: mayRetry && status === 401,
      };
      // A 401 means that the server did not run the call, whatever becomes of it while credentials are renewed.
      const trace = currentTrace();
      if (trace && status === 401) trace.sent = false;
      await response.body?.cancel().catch(() => undefined);
      const verdict = await ask(() => target.credentials.refused(refusal));
      if (verdict !== "retry") throw new CredentialsError(verdict.stop);
      if (!refusal.mayRetry) throw new CredentialsError(null);
    }
  }

  const streamFetch = target.streamFetch ?? target.fetch;
  return {
    // Resuming a stream or ending a session is housekeeping: it must not cost anybody a refresh.
    fetch: (input, init) => send(target.fetch, init?.method === "POST", input, init),
    streamFetch: (input, init) => send(streamFetch, false, input, init),
    openStream: (input, init) => send(streamFetch, true, input, init),
    redact: (text) => {
      let clean = text;
      for (const secret of secrets) clean = clean.replaceAll(secret, "[redacted]");
      return clean;
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

function rememberSecrets(secrets: Set<string>, headers: Record<string, string>): void {
  for (const value of Object.values(headers)) {
    const secret = value.replace(/^(?:bearer|basic|token)\s+/i, "");
    if (secret.length >= SHORTEST_SECRET) secrets.add(secret);
  }
  for (const oldest of secrets) {
    if (secrets.size <= REMEMBERED_SECRETS) break;
    secrets.delete(oldest);
  }
}
