import manifest from "../../package.json" with { type: "json" };
import type { Hop } from "./redirects.ts";

const USER_AGENT = `Gatehouse/${manifest.version}`;

/**
 * Headers that describe the connection or select the host. Only the transport may set them (Fetch
 * standard §2.2.2, "forbidden request-header").
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
 * Reads a caller's request completely, so that it can be sent again for a redirect within the
 * origin.
 *
 * @param extra headers to add if the caller has not set them
 * @throws TypeError if `init` is not a valid request. The message contains no part of it.
 */
export async function prepareRequest(
  url: URL,
  init: RequestInit,
  extra: Readonly<Record<string, string>>,
): Promise<Hop> {
  const { method, headers, body } = readText(url, init) ?? (await readWhole(url, init));
  for (const [name, value] of Object.entries({ ...extra, "user-agent": USER_AGENT })) {
    if (!headers.has(name)) mask(url, () => headers.set(name, value));
  }
  for (const name of TRANSPORT_HEADERS) headers.delete(name);
  return { url, method, headers, body };
}

type Message = Pick<Hop, "method" | "headers" | "body">;

/**
 * Returns the body of a request with a text or empty body, which is by far the most common case and
 * needs no Request object; null for all others.
 */
function readText(
  url: URL,
  { method = "GET", headers: given, body = null }: RequestInit,
): Message | null {
  const mayHaveBody = method === "POST";
  if (!mayHaveBody && method !== "GET" && method !== "DELETE") return null;
  if (body !== null && (typeof body !== "string" || !mayHaveBody)) return null;
  const headers = mask(url, () => new Headers(given));
  if (body === null) return { method, headers, body };
  if (!headers.has("content-type")) headers.set("content-type", "text/plain;charset=UTF-8");
  return { method, headers, body: new TextEncoder().encode(body) };
}

async function readWhole(url: URL, init: RequestInit): Promise<Message> {
  // The platform's Request handles all types of bodies and their content types.
  const build = () => new Request(url, { ...init, signal: null, redirect: "manual" });
  const request = mask(url, build);
  return {
    method: request.method,
    headers: new Headers(request.headers),
    body: request.body === null ? null : new Uint8Array(await request.arrayBuffer()),
  };
}

function mask<T>(url: URL, build: () => T): T {
  try {
    return build();
  } catch {
    // The message of the platform's error contains the header's value, which can be a secret.
    throw new TypeError(`The request to ${url.host} has an invalid method, header or body.`);
  }
}
