/** Authorization servers that refuse what their metadata allows, or name themselves differently, and what users can do about it. */
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect } from "vitest";
import {
  challenge,
  describeAuthorizationServer,
  type Parts,
  type ProtectedCounterparty,
  type Received,
  startProtected,
} from "./counterparties/protected.ts";
import { sendJson } from "./counterparties/scripted.ts";
import {
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
const started: ProtectedCounterparty[] = [];

it.beforeAll(({ gatehouse: part, ada: user }) => {
  gatehouse = part;
  ada = user;
});
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

async function start(parts: Parts): Promise<ProtectedCounterparty> {
  const server = await startProtected(parts);
  started.push(server);
  return server;
}

/** An MCP server that accepts any bearer token. */
function takeToken(received: Received, response: ServerResponse): void {
  if (!received.headers.authorization) return challenge(received, response);
  if (received.body === "") return void response.writeHead(405).end();
  const { id, method } = JSON.parse(received.body);
  const results: Record<string, object> = {
    "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
    "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
    "tools/call": { content: [{ type: "text", text: "done" }] },
  };
  sendJson(response, 200, {
    jsonrpc: "2.0",
    id,
    result: { resultType: "complete", ...results[method] },
  });
}
const tokens = {
  access_token: "token-1",
  token_type: "Bearer",
  refresh_token: "refresh-1",
  expires_in: 3_600,
};
const flowFields =
  "status error errorDetail suggestedScopes untrustedIssuer steps { kind outcome detail }";

/** Starts consent and opens the callback with these parameters. */
async function consent(
  serverId: string,
  parameters: Record<string, string> = { code: "the-code" },
) {
  const { authorizationUrl, flow } = await startOAuth(ada, serverId, { force: true });
  const asked = new URL(authorizationUrl).searchParams;
  const callback = new URL(asked.get("redirect_uri") ?? "");
  callback.search = new URLSearchParams({
    state: asked.get("state") ?? "",
    ...parameters,
  }).toString();
  await ada.open(callback.href);
  const { oauthFlow } = await ada.query(
    `query ($id: ID!) { oauthFlow(id: $id) { ${flowFields} } }`,
    {
      id: flow.id,
    },
  );
  return { asked, flow: oauthFlow, callback };
}
const detailsOf = (flow: { steps: { detail: string | null }[] }) =>
  flow.steps.map(({ detail }) => detail).join("\n");

describe("I11 an authorization server that refuses the resource parameter", () => {
  it("at the token endpoint is asked once more without it, and later without it at once", async () => {
    const requests: URLSearchParams[] = [];
    const server = await start({
      mcp: takeToken,
      token: ({ body }, response) => {
        const parameters = new URLSearchParams(body);
        requests.push(parameters);
        if (parameters.has("resource")) sendJson(response, 400, { error: "invalid_target" });
        else sendJson(response, 200, tokens);
      },
    });
    const id = await createServer(ada, server.url);
    const first = await consent(id);
    expect(first.flow).toMatchObject({ status: "SUCCEEDED" });
    expect(detailsOf(first.flow)).toContain("The resource parameter was rejected");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    const second = await consent(id);
    expect(second.flow).toMatchObject({ status: "SUCCEEDED" });
    expect([first, second].map(({ asked }) => asked.has("resource"))).toEqual([true, false]);
    expect(requests.map((one) => one.has("resource"))).toEqual([true, false, false]);
  });

  it("at its consent page is not asked with it again", async () => {
    const server = await start({ mcp: takeToken, token: tokens });
    const id = await createServer(ada, server.url);
    const refused = await consent(id, { error: "invalid_target" });
    expect(refused.flow).toMatchObject({ status: "FAILED" });
    expect(detailsOf(refused.flow)).toContain("Later attempts leave out the resource parameter.");
    const next = await consent(id);
    expect(next.asked.has("resource")).toBe(false);
    expect(next.flow).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("I13 an authorization server that lists no client authentication and refuses Basic", () => {
  it("is asked with the secret in the body, also at the next refresh", async () => {
    const requests: { grantType: string | null; isBasic: boolean }[] = [];
    const server = await start({
      mcp: (received, response) =>
        received.headers.authorization === "Bearer token-1"
          ? challenge(received, response)
          : takeToken(received, response),
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { token_endpoint_auth_methods_supported: undefined }),
      register: { client_id: "c", client_secret: "the-secret" },
      token: ({ headers, body }, response) => {
        const parameters = new URLSearchParams(body);
        const isBasic = headers.authorization !== undefined;
        requests.push({ grantType: parameters.get("grant_type"), isBasic });
        if (isBasic || parameters.get("client_secret") !== "the-secret")
          return sendJson(response, 401, { error: "invalid_client" });
        const isFirst = parameters.get("grant_type") === "authorization_code";
        return sendJson(response, 200, {
          ...tokens,
          access_token: isFirst ? "token-1" : "token-2",
        });
      },
    });
    const id = await createServer(ada, server.url);
    expect((await consent(id)).flow).toMatchObject({ status: "SUCCEEDED" });
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    expect(requests).toEqual([
      { grantType: "authorization_code", isBasic: true },
      { grantType: "authorization_code", isBasic: false },
      { grantType: "refresh_token", isBasic: false },
    ]);
  });
});

describe("I14 an authorization server that lists offline_access and refuses it", () => {
  it("is asked without it at the next attempt, which says what this means", async () => {
    const server = await start({
      mcp: takeToken,
      token: tokens,
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { scopes_supported: ["read", "offline_access"] }),
    });
    const id = await createServer(ada, server.url);
    const refused = await consent(id, { error: "invalid_scope" });
    expect(refused.asked.get("scope")).toBe("read offline_access");
    const next = await consent(id);
    expect(next.asked.get("scope")).toBe("read");
    expect(next.flow).toMatchObject({ status: "SUCCEEDED" });
    expect(detailsOf(next.flow)).toContain("No refresh token will be issued.");
  });
});

describe("I15 an authorization server that requires a scope that nothing names", () => {
  it("offers the scopes that it lists where the attempt failed", async () => {
    const withoutScope = ({ headers }: Received, response: ServerResponse) =>
      headers.authorization
        ? void response.writeHead(500).end()
        : void response.writeHead(401, { "www-authenticate": "Bearer" }).end();
    const server = await start({
      mcp: withoutScope,
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { scopes_supported: ["mcp.read", "mcp.write"] }),
    });
    const id = await createServer(ada, server.url);
    const { asked, flow } = await consent(id, {
      error: "invalid_scope",
      error_description: "At least one scope is required",
    });
    expect(asked.has("scope")).toBe(false);
    expect(flow).toMatchObject({ status: "FAILED", suggestedScopes: ["mcp.read", "mcp.write"] });
    const denied = await consent(id, { error: "access_denied" });
    expect(denied.flow).toMatchObject({ suggestedScopes: [] });
  });
});

describe("I16 metadata that names another issuer than expected", () => {
  const issuerOf = (change: (origin: string) => string) => ({
    mcp: takeToken,
    token: tokens,
    authorizationServer: (origin: string) =>
      describeAuthorizationServer(origin, { issuer: change(origin) }),
  });
  const trust = (serverId: string, issuer: string | null, user = ada) =>
    user.graphql(
      `mutation ($input: TrustAuthorizationServerIssuerInput!) {
        trustAuthorizationServerIssuer(input: $input) { id oauthTrustedIssuer }
      }`,
      { input: { serverId, issuer } },
    );

  it("is accepted if it differs by a slash at the end, and the step says so", async () => {
    const server = await start(issuerOf((origin) => `${origin}/`));
    const id = await createServer(ada, server.url);
    const { flow } = await consent(id);
    expect(flow).toMatchObject({ status: "SUCCEEDED" });
    expect(detailsOf(flow)).toContain("They differ only by a trailing slash.");
    expect(await readStatus(ada, id)).toMatchObject({ issuer: `${server.origin}/` });
  });

  it("is refused if its host differs, and names both values", async () => {
    const server = await start(issuerOf(() => "https://elsewhere.example"));
    const id = await createServer(ada, server.url);
    const answer = await startOAuth(ada, id);
    expect(answer).toMatchObject({ __typename: "OAuthDiscoveryFailed" });
    expect(answer.message).toContain(server.origin);
    expect(answer.message).toContain("https://elsewhere.example");
    const { oauthFlow } = await ada.query(
      "query ($id: ID!) { oauthFlow(id: $id) { untrustedIssuer } }",
      {
        id: answer.flow.id,
      },
    );
    expect(oauthFlow).toEqual({ untrustedIssuer: null });
  });

  it("can be trusted by an admin if its origin is the expected one, until that is revoked", async () => {
    const server = await start(issuerOf((origin) => `${origin}/tenant`));
    const id = await createServer(ada, server.url);
    const tenant = `${server.origin}/tenant`;
    const failed = await startOAuth(ada, id);
    expect(failed).toMatchObject({ __typename: "OAuthDiscoveryFailed" });
    const { oauthFlow } = await ada.query(
      "query ($id: ID!) { oauthFlow(id: $id) { untrustedIssuer } }",
      {
        id: failed.flow.id,
      },
    );
    expect(oauthFlow).toEqual({ untrustedIssuer: tenant });

    expect(await trust(id, tenant)).toMatchObject({
      data: { trustAuthorizationServerIssuer: { oauthTrustedIssuer: tenant } },
    });
    const { flow } = await consent(id);
    expect(flow).toMatchObject({ status: "SUCCEEDED" });
    expect(detailsOf(flow)).toContain("An admin trusts it for this server.");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    // Another server at the same authorization server is not affected.
    const other = await createServer(ada, server.url);
    expect(await startOAuth(ada, other)).toMatchObject({ __typename: "OAuthDiscoveryFailed" });

    await trust(id, null);
    expect(await readStatus(ada, id)).toMatchObject({
      state: "DISCONNECTED",
      reason: "SETTINGS_CHANGED",
    });
    expect(await startOAuth(ada, id)).toMatchObject({ __typename: "OAuthDiscoveryFailed" });
    const events = await gatehouse.db.workspaceEvent.findMany({
      where: { serverId: rowIdOf(id), type: "SERVER_UPDATED" },
      select: { payload: true },
      orderBy: { seq: "asc" },
    });
    expect(events.map(({ payload }) => payload)).toEqual([
      { fields: ["oauthTrustedIssuer"] },
      { fields: ["oauthTrustedIssuer"] },
    ]);
  });

  it("is no issuer if it is no https URL", async () => {
    const id = await createServer(ada, (await start({ mcp: takeToken })).url);
    const { errors } = await trust(id, "ftp://as.example");
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
  });
});

describe("I17 an address that redirects", () => {
  const detect = async (url: string) => {
    const { detectServer } = await ada.query(
      `query ($input: DetectServerInput!) { detectServer(input: $input) { authType message suggestedUrl } }`,
      { input: { workspaceId: ada.workspaceId, url } },
    );
    return detectServer;
  };

  it.for([301, 302, 303, 307, 308])(
    "with %i is reported with the address that responds",
    async (status) => {
      const server = await start({ mcp: takeToken });
      const redirecting = await start({
        mcp: (_received, response) =>
          void response.writeHead(status, { location: server.url }).end(),
      });
      const found = await detect(redirecting.url);
      const isFollowed = found.authType === "OAUTH";
      if (!isFollowed)
        expect(found).toMatchObject({ authType: "UNKNOWN", suggestedUrl: server.url });
      const id = await createServer(ada, redirecting.url, { authType: "OAUTH" });
      const answer = await startOAuth(ada, id);
      if (!isFollowed)
        expect(answer).toMatchObject({
          __typename: "OAuthDiscoveryFailed",
          message: expect.stringContaining(server.url),
        });
    },
  );

  it("to a web page has no other address to offer", async () => {
    const server = await start({
      mcp: (_received, response) => void response.writeHead(302, { location: "/sign-in" }).end(),
      resource: () => 404,
      authorizationServer: () => 404,
    });
    expect(await detect(server.url)).toMatchObject({ authType: "UNKNOWN", suggestedUrl: null });
  });
});

describe("I18 the callback", () => {
  it("accepts a slash at the end of its path", async () => {
    const server = await start({ mcp: takeToken, token: tokens });
    const id = await createServer(ada, server.url);
    const { authorizationUrl, flow } = await startOAuth(ada, id);
    const state = new URL(authorizationUrl).searchParams.get("state");
    await ada.open(`${gatehouse.url}/oauth/callback/?state=${state}&code=the-code`);
    const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { status } }", {
      id: flow.id,
    });
    expect(oauthFlow).toEqual({ status: "SUCCEEDED" });
  });

  it.for([
    ["Sec-Purpose", "prefetch"],
    ["Sec-Purpose", "prefetch;prerender"],
    ["Purpose", "prefetch"],
  ] as const)("does not redeem the code for %s: %s", async ([name, value]) => {
    const server = await start({ mcp: takeToken, token: tokens });
    const id = await createServer(ada, server.url);
    const { authorizationUrl, flow } = await startOAuth(ada, id);
    const state = new URL(authorizationUrl).searchParams.get("state");
    const callback = `${gatehouse.url}/oauth/callback?state=${state}&code=the-code`;
    const prefetched = await fetch(callback, {
      headers: { cookie: ada.cookie, [name]: value },
      redirect: "manual",
    });
    expect(prefetched.status).toBe(503);
    expect(server.received.filter(({ url }) => url === "/token")).toEqual([]);
    await ada.open(callback);
    const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { status } }", {
      id: flow.id,
    });
    expect(oauthFlow).toEqual({ status: "SUCCEEDED" });
  });
});

describe("I12 a result with mcp/www_authenticate", () => {
  const failWith = (line: string) => (received: Received, response: ServerResponse) => {
    if (!received.body.includes('"tools/call"') || !received.headers.authorization)
      return takeToken(received, response);
    const { id } = JSON.parse(received.body);
    const result = {
      resultType: "complete",
      content: [{ type: "text", text: "Sign in" }],
      isError: true,
      _meta: { "mcp/www_authenticate": [line] },
    };
    return sendJson(response, 200, { jsonrpc: "2.0", id, result });
  };

  it("asks for consent to the missing scope, as a 403 does", async () => {
    const server = await start({
      mcp: failWith('Bearer error="insufficient_scope", scope="write"'),
      token: tokens,
    });
    const id = await createServer(ada, server.url);
    await consent(id);
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ReauthRequired" });
    expect(await readStatus(ada, id)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "INSUFFICIENT_SCOPE",
    });
  });

  it("refreshes a rejected token and repeats the call, as a 401 does", async () => {
    let issued = 0;
    const server = await start({
      mcp: (received, response) =>
        received.headers.authorization === "Bearer token-1"
          ? failWith('Bearer error="invalid_token"')(received, response)
          : takeToken(received, response),
      token: (_received, response) => {
        issued += 1;
        sendJson(response, 200, { ...tokens, access_token: `token-${issued}` });
      },
    });
    const id = await createServer(ada, server.url);
    await consent(id);
    expect(await executeTool(ada, id, "look")).toMatchObject({
      __typename: "ToolExecuted",
      execution: { status: "SUCCEEDED" },
    });
    expect(issued).toBe(2);
  });
});
