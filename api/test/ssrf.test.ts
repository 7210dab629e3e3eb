/** A public Gatehouse is led to its own machine by every field that a stranger fills in: nothing arrives there. */
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FORBIDDEN_URLS } from "#egress/testing/forbidden-urls.ts";
import { createServer, signUp, startOAuth, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let eve: TestUser;
let canary: Server;
let canaryPort: number;
/** Connections that were made to the canary. */
let arrivals = 0;
/** An MCP server and its authorization server at an address that is allowed, so that it can lead on from there. */
let liar: Server;
let liarUrl: string;
/** What the liar says: where its documents point, by name. */
let lies: Record<string, string>;
/** Whether the documents themselves are redirected to the place that is named. */
let redirects: Record<string, string>;
/** Its authorization server: a new one each time, for what is known of one is remembered. */
let issuer: string;
let issuers = 0;
/** Paths that the liar was asked for. */
let asked: string[];

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const answerLies: RequestListener = (request, response) => {
  void text(request).then(() => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    asked.push(path);
    const elsewhere = Object.entries(redirects).find(
      ([from]) => path === from || path.startsWith(`${from}/`),
    )?.[1];
    if (elsewhere !== undefined) return response.writeHead(307, { location: elsewhere }).end();
    const json = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path === "/mcp")
      return response
        .writeHead(401, {
          "www-authenticate": `Bearer resource_metadata="${lies["resource_metadata"] ?? `${liarUrl}/prm`}"`,
        })
        .end();
    if (path === "/prm")
      return json(200, {
        resource: `${liarUrl}/mcp`,
        authorization_servers: [lies["issuer"] ?? issuer],
      });
    if (path.startsWith("/.well-known/oauth-authorization-server"))
      return json(200, {
        issuer,
        authorization_endpoint: `${liarUrl}/authorize`,
        token_endpoint: `${liarUrl}/token`,
        registration_endpoint: `${liarUrl}/register`,
        revocation_endpoint: `${liarUrl}/revoke`,
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none"],
        ...lies,
      });
    if (path === "/register")
      return json(201, { client_id: "c", token_endpoint_auth_method: "none", ...lies });
    if (path === "/token")
      return json(200, { access_token: "at", token_type: "Bearer", refresh_token: "rt" });
    return response.writeHead(404).end();
  });
};

beforeAll(async () => {
  canary = createHttpServer((_request, response) => response.end("you should not be here"));
  canary.on("connection", () => (arrivals += 1));
  canaryPort = await listen(canary, "127.0.0.1");
  liar = createHttpServer(answerLies);
  liarUrl = `http://127.0.0.2:${await listen(liar, "127.0.0.2")}`;
  gatehouse = await startGatehouse({
    env: {
      PUBLIC_URL: "https://gatehouse.example",
      ALLOWED_HOSTS: "localhost",
      SIGN_UP: "open",
      ALLOWED_PRIVATE_NETWORKS: "127.0.0.2/32",
      // One attacker tries hundreds of addresses.
      OUTBOUND_OPERATIONS_PER_MINUTE: "100000",
    },
  });
  eve = await signUp(gatehouse.address, "eve");
});
afterAll(async () => {
  await gatehouse?.[Symbol.asyncDispose]();
  for (const server of [canary, liar]) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(async () => {
  [lies, redirects, asked, arrivals] = [{}, {}, [], 0];
  await gatehouse.db.rateLimit.deleteMany();
});

/** Everything that leads on from the liar, to the callback's exchange of a code. */
async function attempt(): Promise<string> {
  issuer = `${liarUrl}/as${(issuers += 1)}`;
  const serverId = await createServer(eve, `${liarUrl}/mcp`, { authType: "OAUTH" });
  const started = await startOAuth(eve, serverId);
  if (started.__typename === "OAuthStarted") {
    const state = new URL(started.authorizationUrl).searchParams.get("state");
    const iss = encodeURIComponent(issuer);
    await eve.open(`${gatehouse.address}/oauth/callback?code=c&state=${state}&iss=${iss}`);
  }
  return serverId;
}

const diagnose = (url: string) =>
  eve.graphql(
    "query ($input: DiagnoseServerInput!) { diagnoseServer(input: $input) { connectable steps { kind url outcome } } }",
    { input: { workspaceId: eve.workspaceId, url } },
  );

describe("an address that somebody types", () => {
  const fields: [string, string, (url: string) => object][] = [
    [
      "a server",
      "mutation ($input: CreateMcpServerInput!) { it: createMcpServer(input: $input) { id } }",
      (url) => ({ name: "x", url }),
    ],
    [
      "a preview",
      "query ($input: DetectServerInput!) { it: detectServer(input: $input) { reachability { state } } }",
      (url) => ({ url }),
    ],
    [
      "a webhook",
      "mutation ($input: CreateWebhookEndpointInput!) { it: createWebhookEndpoint(input: $input) { endpoint { id } } }",
      (url) => ({ url }),
    ],
  ];

  it.each(fields)(
    "G5 MCP-AUTH-20 leads %s nowhere, in any of its forms",
    async (_, query, input) => {
      // Names of `.test` are the unit tests', with a resolver of their own; 127.0.0.2 is allowed here.
      const forms = FORBIDDEN_URLS.map(([form]) => form).filter(
        (form) => !/\.test|127\.0\.0\.2/.test(form),
      );
      expect(forms.length).toBeGreaterThan(75);
      for (const form of forms) {
        const url = form.replaceAll("PORT", String(canaryPort));
        const variables = { input: { workspaceId: eve.workspaceId, ...input(url) } };
        const { data, errors } = await eve.graphql(query, variables);
        const isRefused = errors?.[0]?.extensions["code"] === "BAD_USER_INPUT";
        const isUnreachable = data?.it?.reachability?.state === "UNREACHABLE";
        expect([form, isRefused || isUnreachable]).toEqual([form, true]);
      }
      expect(arrivals).toBe(0);
    },
  );
});

/** How a stranger's document may spell the canary; all of these get as far as a request. */
const spellings = [
  "http://127.0.0.1:PORT/x",
  "http://localhost:PORT/x",
  "http://[::ffff:127.0.0.1]:PORT/x",
  "http://user:secret@127.0.0.1:PORT/x",
].map((form) => [form]);
const here = (form: string) => form.replaceAll("PORT", String(canaryPort));

describe.each(spellings)("%s", (form) => {
  it.each(["resource_metadata", "issuer", "registration_endpoint", "jwks_uri", "token_endpoint"])(
    "G1 MCP-AUTH-20 as %s is not gone to",
    async (name) => {
      lies = { [name]: here(form) };
      issuer = `${liarUrl}/as${(issuers += 1)}`;
      await diagnose(`${liarUrl}/mcp`);
      await attempt();
      expect(asked, "the liar was asked").toContain("/mcp");
      expect(arrivals).toBe(0);
    },
  );

  it.each(["/mcp", "/prm", "/.well-known/oauth-authorization-server", "/register", "/token"])(
    "G4 MCP-AUTH-20 as a redirect from %s is not followed, straight or behind another",
    async (path) => {
      for (const first of [here(form), `${liarUrl}/hop`]) {
        redirects = { [path]: first, "/hop": here(form) };
        await attempt();
      }
      expect(asked.some((one) => one.startsWith(path))).toBe(true);
      expect(arrivals).toBe(0);
    },
  );
});

it("MCP-AUTH-20 a revocation endpoint on this machine is not gone to", async () => {
  lies = { revocation_endpoint: here("http://127.0.0.1:PORT/revoke") };
  const serverId = await attempt();
  expect(await gatehouse.db.oAuthGrant.count({ where: { state: "CONNECTED" } })).toBe(1);
  await eve.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
    id: serverId,
  });
  const tried = async () =>
    (await gatehouse.db.revocationTask.count({ where: { attempts: { gt: 0 } } })) +
    (await gatehouse.db.workspaceEvent.count({ where: { type: "TOKEN_REVOKED" } }));
  await expect.poll(tried, { timeout: 30_000 }).toBeGreaterThan(0);
  expect(arrivals).toBe(0);
});
