import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { z } from "zod";
import { createGate } from "./gate.ts";
import type { Gate } from "./gate.ts";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

export interface OldSseCounterparty extends Counterparty {
  /** Holds the tool `wait`. */
  gate: Gate;
  /** Method and path of the HTTP requests that came. */
  requests: string[];
  /** Streams that are open. */
  openStreams(): number;
  /** Breaks every stream off, and with it its session. */
  breakStreams(): void;
  /** Keeps the streams and knows their sessions no more. */
  forgetSessions(): void;
  announceTools(): Promise<void>;
}

/** A server of the revision 2024-11-05 alone: a stream by GET, messages by POST to the address that the stream names. */
export async function startOldSse(options?: {
  /** What a message to the address of the stream is answered with. */
  refusal?: 400 | 404 | 405;
  /** Asked of every request; false: 401. */
  isAllowed?: (authorization: string | undefined) => boolean;
}): Promise<OldSseCounterparty> {
  const { refusal = 405, isAllowed = () => true } = options ?? {};
  const gate = createGate();
  const streams = new Map<string, { transport: SSEServerTransport; server: McpServer }>();
  const known = new Set<string>();
  const requests: string[] = [];
  const counterparty = await listenOnLoopback(async (request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    requests.push(`${request.method} ${url.pathname}`);
    if (url.pathname === "/sse" && request.method === "POST")
      return void response.writeHead(refusal).end();
    if (!isAllowed(request.headers.authorization)) return void response.writeHead(401).end();
    if (url.pathname === "/sse" && request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      const server = createTools(gate);
      streams.set(transport.sessionId, { transport, server });
      known.add(transport.sessionId);
      response.on("close", () => streams.delete(transport.sessionId));
      return server.connect(transport);
    }
    const id = url.searchParams.get("sessionId") ?? "";
    const stream = known.has(id) ? streams.get(id) : undefined;
    if (url.pathname !== "/messages" || !stream) return void response.writeHead(404).end();
    await stream.transport.handlePostMessage(request, response);
  }, "/sse");
  return {
    ...counterparty,
    gate,
    requests,
    openStreams: () => streams.size,
    breakStreams() {
      for (const { transport } of streams.values()) void transport.close();
    },
    forgetSessions: () => known.clear(),
    async announceTools() {
      for (const { server } of streams.values()) server.sendToolListChanged();
    },
  };
}

function createTools(gate: Gate): McpServer {
  const server = new McpServer({ name: "old-sse", version: "1.0.0" });
  server.registerTool(
    "add",
    { inputSchema: { a: z.number(), b: z.number() } },
    async ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] }),
  );
  server.registerTool("wait", { inputSchema: {} }, async (_args, extra) => {
    await gate.pass(extra.signal);
    return { content: [{ type: "text", text: "done" }] };
  });
  server.registerTool("big", { inputSchema: { bytes: z.number() } }, async ({ bytes }) => ({
    content: [{ type: "text", text: "x".repeat(bytes) }],
  }));
  return server;
}
