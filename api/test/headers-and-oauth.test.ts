/** A server that wants headers of its own beside OAuth: both go to its MCP endpoint on every request, and nowhere else. */
import { afterAll, expect } from "vitest";
import { type MarkedCounterparty, startMarked } from "./counterparties/marked.ts";
import { challenge, type Received } from "./counterparties/protected.ts";
import { sendJson } from "./counterparties/scripted.ts";
import {
  createServer,
  executeTool,
  readStatus,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { it } from "./support/shared-gatehouse.ts";

const headers = [
  { name: "X-Api-Key", value: "key-of-the-workspace" },
  { name: "X-Tenant", value: "tenant-of-the-workspace" },
];

let ada: TestUser;
let authorizationServer: MarkedCounterparty;
let server: MarkedCounterparty;
/** Where the server sends whoever calls `wander`. */
let elsewhere: MarkedCounterparty;
const resources = new AsyncDisposableStack();

it.beforeAll(async ({ ada: user }) => {
  ada = user;
  const start = async (...args: Parameters<typeof startMarked>) =>
    resources.adopt(await startMarked(...args), (it) => it.close());
  authorizationServer = await start("as-secret");
  elsewhere = await start("elsewhere");
  const tools = ["look", "wander"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const results: Record<string, object> = {
    "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
    "tools/list": { tools },
    "tools/call": { content: [{ type: "text", text: "done" }] },
  };
  server = await start("server", {
    resource: (origin) => ({
      resource: `${origin}/mcp`,
      authorization_servers: [authorizationServer.origin],
    }),
    authorizationServer: () => 404,
    mcp(received, response) {
      if (!authorizationServer.isAccepted(received.headers.authorization))
        return challenge(received, response);
      const { id, method, params } = JSON.parse(received.body);
      if (params?.name === "wander")
        return void response.writeHead(307, { location: elsewhere.url }).end();
      const result = { resultType: "complete", ...results[method] };
      sendJson(response, 200, { jsonrpc: "2.0", id, result });
    },
  });
});
afterAll(() => resources.disposeAsync());

const isMessage = ({ method, url }: Received) => method === "POST" && url === "/mcp";
const namesOf = (received: readonly Received[]) =>
  received.map(({ body }) => JSON.parse(body).method as string);

function expectNothingOfIn(received: readonly Received[]): void {
  const everything = JSON.stringify(received);
  for (const { name, value } of headers) {
    expect(everything).not.toContain(value);
    expect(everything).not.toContain(name.toLowerCase());
  }
}

it("S8 both reach the MCP endpoint on every request, and the headers reach nothing else", async () => {
  const serverId = await createServer(ada, server.url, { authType: "OAUTH", headers });
  const attempt = await startOAuth(ada, serverId, { force: true });
  expect(attempt.__typename).toBe("OAuthStarted");
  const probes = server.received.length;
  await ada.open(authorizationServer.approve(attempt.authorizationUrl));
  expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  // A token that is refused, and refreshed.
  authorizationServer.expireAccessTokens();
  expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  await ada.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", { id: serverId });

  const messages = server.received.slice(probes).filter(isMessage);
  expect(new Set(namesOf(messages))).toEqual(
    new Set(["server/discover", "tools/list", "tools/call"]),
  );
  for (const { headers: sent } of messages) {
    for (const { name, value } of headers) expect(sent[name.toLowerCase()]).toBe(value);
    expect(sent.authorization).toMatch(/^Bearer as-secret-access-/);
  }

  // Metadata, at both, registration, and the token endpoint for a code and for a refresh token.
  const asked = authorizationServer.received.map(({ url }) => url);
  expect(asked).toContain("/.well-known/oauth-authorization-server");
  expect(asked).toContain("/register");
  expect(asked.filter((url) => url === "/token")).toHaveLength(2);
  expectNothingOfIn(authorizationServer.received);
  const metadata = server.received.filter(({ url }) => url !== "/mcp");
  expect(metadata.length).toBeGreaterThan(0);
  expectNothingOfIn(metadata);
  expect(metadata.filter(({ headers: sent }) => sent.authorization !== undefined)).toEqual([]);
  expect(elsewhere.received).toEqual([]);
});

it("S8 G4 a redirect to another origin gets neither", async () => {
  const serverId = await createServer(ada, server.url, { authType: "OAUTH", headers });
  const attempt = await startOAuth(ada, serverId, { force: true });
  await ada.open(authorizationServer.approve(attempt.authorizationUrl));
  expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  expect(await executeTool(ada, serverId, "wander")).toMatchObject({
    __typename: "ServerUnreachable",
  });
  const wandered = server.received.filter((it) => isMessage(it) && it.body.includes("wander"));
  expect(wandered).toHaveLength(1);
  // A message is not carried on, so that nothing arrives there at all.
  expect(elsewhere.received).toEqual([]);
});
