/** What is detected about servers that do not say clearly how they authenticate. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  challenge,
  describeAuthorizationServer,
  type Parts,
  startProtected,
} from "./counterparties/protected.ts";
import type { Received } from "./counterparties/protected.ts";
import { sendJson } from "./counterparties/scripted.ts";
import type { ServerResponse } from "node:http";
import { executeTool, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
const started: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  gatehouse = await startGatehouse();
  ada = await gatehouse.signUp("Ada");
});
afterAll(async () => {
  await gatehouse[Symbol.asyncDispose]();
  await Promise.all(started.map((one) => one.close()));
});

async function start(parts: Parts) {
  const server = await startProtected(parts);
  started.push(server);
  return server;
}

/** A modern MCP server. */
function answer({ body }: Received, response: ServerResponse): void {
  if (body === "") return void response.writeHead(405).end();
  const { id, method } = JSON.parse(body);
  const results: Record<string, object> = {
    "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
    "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
    "tools/call": { content: [{ type: "text", text: "done" }] },
  };
  const result = { resultType: "complete", ...results[method] };
  sendJson(response, 200, { jsonrpc: "2.0", id, result });
}
/** One that takes a key in a header, and answers anything else with a 401 that explains nothing. */
function takeKey(received: Received, response: ServerResponse): void {
  if (received.headers["x-api-key"] === "right-key-123") answer(received, response);
  else response.writeHead(401).end();
}
const noMetadata = { resource: () => 404 };
async function create(url: string, settings = {}): Promise<{ id: string; authType: string }> {
  const { createMcpServer } = await ada.query(
    "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id authType } }",
    { input: { workspaceId: ada.workspaceId, name: "Server", url, ...settings } },
  );
  return createMcpServer;
}

describe("I1 an open server", () => {
  it("is open although its origin has an authorization server", async () => {
    const server = await start({
      ...noMetadata,
      mcp: answer,
      authorizationServer: describeAuthorizationServer,
    });
    const { id, authType } = await create(server.url);
    expect(authType).toBe("NONE");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    expect(server.received.map(({ url }) => url)).not.toContain(
      "/.well-known/oauth-authorization-server",
    );
  });

  it("that publishes metadata of itself as a protected resource wants OAuth", async () => {
    const server = await start({ mcp: answer });
    expect(await create(server.url)).toMatchObject({ authType: "OAUTH" });
  });

  it("that asks for a token at a call leads to the authorization server of its origin", async () => {
    const guardCalls = (received: Received, response: ServerResponse) =>
      received.body.includes("tools/call")
        ? response.writeHead(401, { "www-authenticate": "Bearer" }).end()
        : answer(received, response);
    const server = await start({ ...noMetadata, mcp: guardCalls });
    const { id, authType } = await create(server.url);
    expect(authType).toBe("NONE");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ReauthRequired" });
  });
});

describe("I2 a server that answers a bare 401", () => {
  const headers = [{ name: "X-API-Key", value: "right-key-123" }];

  it("is one with a key if it accepts the given header, although its origin has an authorization server", async () => {
    const server = await start({ ...noMetadata, mcp: takeKey });
    const { id, authType } = await create(server.url, { headers });
    expect(authType).toBe("HEADERS");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
  });

  it("wants OAuth if it refuses the given header and its origin has an authorization server", async () => {
    const server = await start({ ...noMetadata, mcp: 401 });
    expect(await create(server.url, { headers })).toMatchObject({ authType: "OAUTH" });
  });

  it("the header goes to the server's address only", async () => {
    const server = await start({ mcp: challenge });
    await create(server.url, { headers });
    const informed = server.received.filter((one) => "x-api-key" in one.headers);
    expect(new Set(informed.map(({ url }) => url))).toEqual(new Set(["/mcp"]));
  });
});
