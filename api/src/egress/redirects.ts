import { EgressError } from "./egress-error.ts";

/** One request of a redirect chain. The body is kept as bytes, so that it can be sent again. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Whether a response with a `Location` asks for another request (Fetch standard §2.2.3). */
export function isRedirectStatus(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

/**
 * Follows a redirect as defined by the Fetch standard (§4.4 "HTTP-redirect fetch"), with stricter
 * rules for other origins: all headers that may identify the caller are removed, and no body is
 * sent.
 *
 * @throws {EgressError} if the redirect is not allowed
 */
export function followRedirect(hop: Hop, status: number, location: string): Hop {
  const url = URL.parse(location, hop.url.href);
  if (!url) throw forbid(hop, "redirects to something that is not a URL");
  if (hop.url.protocol === "https:" && url.protocol === "http:") {
    throw new EgressError("SCHEME_FORBIDDEN", `${hop.url.host} redirects from https to http.`);
  }
  const sameOrigin = url.origin === hop.url.origin;
  const becomesGet =
    (status === 303 && hop.method !== "GET" && hop.method !== "HEAD") ||
    ((status === 301 || status === 302) && hop.method === "POST");
  const body = becomesGet ? null : hop.body;
  if (body !== null && !sameOrigin) {
    throw forbid(hop, "redirects a request with a body to another origin");
  }
  return {
    url,
    body,
    method: becomesGet ? "GET" : hop.method,
    headers: selectHeaders(hop.headers, (name) => {
      if (body === null && BODY_HEADERS.has(name)) return false;
      return sameOrigin || HARMLESS_HEADERS.has(name);
    }),
  };
}

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Fetch standard §2.2.2, "request-body-header name". */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
]);

/** The only headers that are sent to another origin: any other header may be an API key. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "mcp-protocol-version",
  "user-agent",
]);

function selectHeaders(headers: Headers, keep: (name: string) => boolean): Headers {
  return new Headers([...headers].filter(([name]) => keep(name)));
}

function forbid(hop: Hop, what: string): EgressError {
  return new EgressError("REDIRECT_FORBIDDEN", `${hop.url.host} ${what}.`);
}
