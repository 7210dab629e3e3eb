/** Creates the transport for one of the two ways in which servers are reached over HTTP. */
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { CredentialedFetches } from "./credentials.ts";
import { SseTransport } from "./sse-transport.ts";
import { adaptFetch } from "./transport-fetch.ts";
import { McpTransport } from "./transport.ts";
import type { McpTransportOptions } from "./transport.ts";

/** The limits for the delay after which a response stream is resumed, which the server suggests. */
const RESUME_MS = { least: 100, most: 30_000 };

/** Streamable HTTP. */
export function createHttpTransport(
  url: URL,
  fetches: CredentialedFetches,
  options: Pick<McpTransportOptions, "standing" | "discoveryMs">,
): McpTransport {
  const inner = new StreamableHTTPClientTransport(url, {
    fetch: adaptFetch(fetches),
    reconnectionScheduler(reconnect, delayMs) {
      const boundedMs = Math.min(Math.max(delayMs, RESUME_MS.least), RESUME_MS.most);
      const timer = setTimeout(reconnect, boundedMs).unref();
      return () => clearTimeout(timer);
    },
  });
  return new McpTransport(inner, { url, fetch: fetches.fetch, ...options });
}

/** HTTP+SSE, for servers that support nothing newer (MCP 2024-11-05). There is nothing to discover. */
export function createSseTransport(url: URL, fetches: CredentialedFetches): McpTransport {
  const inner = new SseTransport(url, fetches);
  return new McpTransport(inner, { url, fetch: fetches.fetch, standing: null, discoveryMs: 0 });
}
