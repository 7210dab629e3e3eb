/** The one MCP server that all are measured against: the SDK's own, with a trivial tool, behind the sandbox's authorization server. */
import { getRequestListener } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { startSandbox } from "#sandbox/sandbox.ts";
import { listenOnLoopback } from "../../test/counterparties/listen.ts";
import { serveParent } from "../serve-parent.ts";
import type { McpServerAnswers, McpTarget } from "./messages.ts";

const token = "of-whoever-has-no-account";
const metadataPath = "/.well-known/oauth-protected-resource/mcp";
const inputSchema = z.object({ a: z.number(), b: z.number() });
const outputSchema = z.object({ sum: z.number() });

const handler = createMcpHandler(
  () => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    const description = "Adds two numbers.";
    server.registerTool("add", { description, inputSchema, outputSchema }, ({ a, b }) => ({
      content: [{ type: "text", text: String(a + b) }],
      structuredContent: { sum: a + b },
    }));
    return server;
  },
  { legacy: "reject" },
);

let requests = 0;

async function start(): Promise<McpTarget> {
  let answer = async (_request: Request) => new Response(null, { status: 503 });
  const listener = getRequestListener((request) => answer(request), {
    overrideGlobalObjects: false,
  });
  const { url: resource } = await listenOnLoopback(
    (request, response) => void listener(request, response),
  );
  const { origin } = new URL(resource);
  const sandbox = await startSandbox({
    port: 0,
    furtherResources: [resource],
    accessTokenTtlSeconds: 3_600,
  });
  // A server would look a token up in memory, or verify its signature.
  const good = new Set([token]);

  async function isGood(authorization: string | null): Promise<boolean> {
    const given = authorization?.slice("Bearer ".length) ?? "";
    if (good.has(given)) return true;
    const facts = await sandbox.verifyAccessToken(given);
    if (facts?.resource !== resource) return false;
    good.add(given);
    return true;
  }

  const describe = () => Response.json({ resource, authorization_servers: [sandbox.url] });
  const challenge = `Bearer resource_metadata="${origin}${metadataPath}", scope="notes:read"`;

  answer = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === metadataPath) return describe();
    if (pathname !== "/mcp" && pathname !== "/open") return new Response(null, { status: 404 });
    requests += 1;
    const isOpen = pathname === "/open" || (await isGood(request.headers.get("authorization")));
    if (isOpen) return handler.fetch(request);
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  };
  return { url: resource, token, openUrl: `${origin}/open` };
}

serveParent<McpServerAnswers>({ start, requests: () => requests });
