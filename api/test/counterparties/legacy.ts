import { randomUUID } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";
import { createGate } from "./gate.ts";
import type { Gate } from "./gate.ts";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

export interface LegacyCounterparty extends Counterparty {
  /** Holds the tool `wait`. */
  gate: Gate;
  /** Sessions that were begun and not ended. */
  openSessions(): number;
  /** Methods of the HTTP requests that came. */
  requests: string[];
  /** Standing streams that are open. */
  openStreams(): number;
  /** Forgets every session, as a restart would. */
  forgetSessions(): void;
  /** How a request of a session that is not known is answered. */
  lost: { status: number; code: number };
  /** Tells every session that the tools have changed. */
  announceTools(): void;
}

/** A server on the SDK's 1.x line: the 2025-11-25 revision, with sessions. */
export async function startLegacy(): Promise<LegacyCounterparty> {
  const gate = createGate();
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const servers = new Set<McpServer>();
  const requests: string[] = [];
  const lost = { status: 404, code: -32_001 };
  let streams = 0;
  const counterparty = await listenOnLoopback(async (request, response) => {
    requests.push(request.method ?? "");
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    if (id !== undefined && !known) {
      const error = { code: lost.code, message: "Session not found" };
      response.writeHead(lost.status, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
      return;
    }
    if (request.method === "GET") {
      streams += 1;
      response.on("close", () => (streams -= 1));
    }
    const transport = known ?? (await begin(sessions, servers, gate));
    await transport.handleRequest(request, response);
  });
  return {
    ...counterparty,
    gate,
    requests,
    openSessions: () => sessions.size,
    openStreams: () => streams,
    forgetSessions: () => sessions.clear(),
    lost,
    announceTools() {
      for (const server of servers) server.sendToolListChanged();
    },
  };
}

async function begin(
  sessions: Map<string, StreamableHTTPServerTransport>,
  servers: Set<McpServer>,
  gate: Gate,
) {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  const server = createTools(gate);
  servers.add(server);
  await server.connect(transport);
  return transport;
}

function createTools(gate: Gate): McpServer {
  const server = new McpServer({ name: "legacy", version: "1.0.0" });
  server.registerTool(
    "add",
    {
      description: "Adds two numbers.",
      inputSchema: { a: z.number(), b: z.number() },
      outputSchema: { sum: z.number() },
    },
    async ({ a, b }) => ({
      content: [{ type: "text", text: String(a + b) }],
      structuredContent: { sum: a + b },
    }),
  );
  server.registerTool("wait", { inputSchema: {} }, async (_args, extra) => {
    await gate.pass(extra.signal);
    return { content: [{ type: "text", text: "done" }] };
  });
  return server;
}
