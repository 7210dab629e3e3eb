import { getRequestListener } from "@hono/node-server";
import { createMcpHandler, inputRequired, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { createGate } from "./gate.ts";
import type { Gate } from "./gate.ts";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

export interface ModernCounterparty extends Counterparty {
  /** Holds the tool `wait`. */
  gate: Gate;
  /** How often the tool `count` ran. */
  runs(): number;
  /** Tells whoever listens that the tools have changed. */
  announceTools(): void;
}

/** A server of the 2026-07-28 revision alone. */
export function startModernOnly(port?: number): Promise<ModernCounterparty> {
  return startModern("reject", port);
}

/** A server of the 2026-07-28 revision that answers legacy clients too, without sessions. */
export function startDual(): Promise<ModernCounterparty> {
  return startModern("stateless");
}

async function startModern(legacy: "reject" | "stateless", port = 0): Promise<ModernCounterparty> {
  const gate = createGate();
  let runs = 0;
  const handler = createMcpHandler(() => createTools(gate, () => ++runs), { legacy });
  const listener = getRequestListener((request) => handler.fetch(request), {
    overrideGlobalObjects: false,
  });
  const counterparty = await listenOnLoopback(listener, "/mcp", port);
  return {
    url: counterparty.url,
    gate,
    runs: () => runs,
    announceTools: () => handler.notify.toolsChanged(),
    close: async () => {
      await handler.close();
      await counterparty.close();
    },
  };
}

function createTools(gate: Gate, countRun: () => number): McpServer {
  const server = new McpServer({ name: "modern", title: "Modern", version: "2.0.0" });
  server.registerTool(
    "add",
    {
      title: "Add",
      description: "Adds two numbers.",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
      annotations: { readOnlyHint: true },
    },
    async ({ a, b }) => ({
      content: [{ type: "text", text: String(a + b) }],
      structuredContent: { sum: a + b },
    }),
  );
  server.registerTool("count", { inputSchema: z.object({}) }, async () => ({
    content: [{ type: "text", text: String(countRun()) }],
  }));
  server.registerTool("fail", { inputSchema: z.object({}) }, async () => ({
    content: [{ type: "text", text: "It did not work." }],
    isError: true,
  }));
  server.registerTool("wait", { inputSchema: z.object({}) }, async (_args, context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      const params = { progressToken, progress: 1, total: 2, message: "half way" };
      await context.mcpReq.notify({ method: "notifications/progress", params });
    }
    await gate.pass(context.mcpReq.signal);
    return { content: [{ type: "text", text: "done" }] };
  });
  server.registerTool("ask", { inputSchema: z.object({}) }, async () =>
    inputRequired({
      inputRequests: {
        colour: inputRequired.elicit({
          message: "Which colour?",
          requestedSchema: { type: "object", properties: { colour: { type: "string" } } },
        }),
      },
    }),
  );
  server.registerTool(
    "route",
    {
      inputSchema: z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) }),
    },
    async ({ region }) => ({ content: [{ type: "text", text: region }] }),
  );
  return server;
}
