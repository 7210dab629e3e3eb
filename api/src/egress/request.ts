import manifest from "../../package.json" with { type: "json" };
import type { Hop } from "./redirects.ts";

const USER_AGENT = `Gatehouse/${manifest.version}`;

/**
 * Headers that describe the connection or choose the host behind it: only the transport itself may
 * set them (Fetch standard §2.2.2, "forbidden request-header").
 */
const TRANSPORT_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * Reads a caller's request whole, so that a redirect within the origin can send it again.
 *
 * @param extra headers to add where the caller has not set them
 * @throws TypeError when `init` is not a valid request; the message holds nothing of it
 */
export async function prepareRequest(
  url: URL,
  init: RequestInit,
  extra: Readonly<Record<string, string>>,
): Promise<Hop> {
  const request = buildRequest(url, init, { ...extra, "user-agent": USER_AGENT });
  const headers = new Headers(request.headers);
  for (const name of TRANSPORT_HEADERS) headers.delete(name);
  const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  return { url, method: request.method, headers, body };
}

function buildRequest(url: URL, init: RequestInit, defaults: Record<string, string>): Request {
  try {
    // The platform's Request knows every kind of body and the content type that goes with it.
    const request = new Request(url, { ...init, signal: null, redirect: "manual" });
    for (const [name, value] of Object.entries(defaults)) {
      if (!request.headers.has(name)) request.headers.set(name, value);
    }
    return request;
  } catch {
    // The platform's own message quotes the header's value, which may be a secret.
    throw new TypeError(`The request to ${url.host} has an invalid method, header or body.`);
  }
}
