import { randomUUID } from "node:crypto";
import { getRequestListener } from "@hono/node-server";
import {
  McpServer as LegacyServer,
  ResourceTemplate as LegacyTemplate,
} from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { z } from "zod";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

/** A tool as it is declared now; a test changes it under the eyes of whoever approved it. */
export interface OfferedTool {
  name: string;
  description: string;
  destructive?: boolean;
}

export interface OfferingCounterparty extends Counterparty {
  /** What it has; changes at once, without a word. */
  tools: OfferedTool[];
  prompts: string[];
  /** For how long it says that its lists are good, in milliseconds. */
  ttlMs: number;
  /** Tells whoever listens that a list has changed. */
  announce(list: "tools" | "resources" | "prompts"): void;
  /** JSON-RPC methods that came, in order. */
  methods: string[];
  /** Tools that ran. */
  runs: string[];
}

interface Shelf {
  tools: OfferedTool[];
  prompts: string[];
  ttlMs: number;
  runs: string[];
}

const done = { content: [{ type: "text" as const, text: "done" }] };
const pixel = "iVBORw0KGgo=";

function createShelf(): Shelf {
  const tools = [{ name: "look", description: "Looks." }];
  return { tools, prompts: ["greet"], ttlMs: 0, runs: [] };
}

const say = (text: string) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text } }],
});

/** A server on the SDK's 2.x line, of the 2026-07-28 revision alone, with tools, resources and prompts. */
export async function startModernOffering(): Promise<OfferingCounterparty> {
  const shelf = createShelf();
  const methods: string[] = [];
  const handler = createMcpHandler(
    () => {
      const server = new McpServer(
        { name: "offering", version: "2.0.0" },
        { cacheHints: { "tools/list": { ttlMs: shelf.ttlMs } } },
      );
      for (const { name, description, destructive } of shelf.tools)
        server.registerTool(
          name,
          {
            description,
            inputSchema: z.object({}),
            ...(destructive ? { annotations: { destructiveHint: true } } : {}),
          },
          async () => {
            shelf.runs.push(name);
            return done;
          },
        );
      server.registerResource(
        "readme",
        "memo://readme",
        { title: "Read me", mimeType: "text/plain" },
        async (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "Hello." }] }),
      );
      server.registerResource("pixel", "memo://pixel", { mimeType: "image/png" }, async (uri) => ({
        contents: [{ uri: uri.href, mimeType: "image/png", blob: pixel }],
      }));
      server.registerResource(
        "note",
        new ResourceTemplate("memo://notes/{id}", { list: undefined }),
        { description: "A note." },
        async (uri, { id }) => ({ contents: [{ uri: uri.href, text: `Note ${String(id)}` }] }),
      );
      for (const name of shelf.prompts)
        server.registerPrompt(
          name,
          { title: "Greet", argsSchema: z.object({ who: z.string() }) },
          ({ who }) => say(`Hello ${who}`),
        );
      return server;
    },
    { legacy: "reject" },
  );
  const listener = getRequestListener(
    async (request) => {
      if (request.method === "POST") methods.push(await readMethod(request.clone()));
      return handler.fetch(request);
    },
    { overrideGlobalObjects: false },
  );
  const counterparty = await listenOnLoopback(listener);
  return Object.assign(shelf, {
    url: counterparty.url,
    methods,
    announce(list: "tools" | "resources" | "prompts") {
      if (list === "tools") handler.notify.toolsChanged();
      if (list === "resources") handler.notify.resourcesChanged();
      if (list === "prompts") handler.notify.promptsChanged();
    },
    close: async () => {
      await handler.close();
      await counterparty.close();
    },
  });
}

async function readMethod(request: Request): Promise<string> {
  const { method } = (await request.json()) as { method?: string };
  return method ?? "";
}

export interface LegacyOffering extends Counterparty {
  /** Has one more tool from now on, and says that its list has changed. */
  offer(tool: OfferedTool): void;
}

/** The same on the SDK's 1.x line: the 2025-11-25 revision, with sessions. */
export async function startLegacyOffering(): Promise<LegacyOffering> {
  const { tools } = createShelf();
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const servers = new Set<LegacyServer>();

  async function begin(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    const server = createLegacy();
    for (const tool of tools) registerLegacy(server, tool);
    servers.add(server);
    await server.connect(transport);
    return transport;
  }

  const counterparty = await listenOnLoopback(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    await (known ?? (await begin())).handleRequest(request, response);
  });
  return {
    ...counterparty,
    offer(tool) {
      tools.push(tool);
      for (const server of servers) registerLegacy(server, tool);
    },
  };
}

function registerLegacy(server: LegacyServer, { name, description, destructive }: OfferedTool) {
  const annotations = destructive ? { destructiveHint: true } : {};
  server.registerTool(name, { description, inputSchema: {}, annotations }, async () => done);
}

function createLegacy(): LegacyServer {
  const server = new LegacyServer({ name: "offering", version: "1.0.0" });
  server.registerResource(
    "readme",
    "memo://readme",
    { title: "Read me", mimeType: "text/plain" },
    async (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: "Hello." }] }),
  );
  server.registerResource("pixel", "memo://pixel", { mimeType: "image/png" }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: "image/png", blob: pixel }],
  }));
  server.registerResource(
    "note",
    new LegacyTemplate("memo://notes/{id}", { list: undefined }),
    { description: "A note." },
    async (uri, { id }) => ({ contents: [{ uri: uri.href, text: `Note ${String(id)}` }] }),
  );
  server.registerPrompt("greet", { title: "Greet", argsSchema: { who: z.string() } }, ({ who }) =>
    say(`Hello ${who}`),
  );
  return server;
}
