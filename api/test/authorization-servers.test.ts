import { describe, expect } from "vitest";
import { type Sandbox, startSandbox } from "#sandbox/sandbox.ts";
import { type GuardedCounterparty, startGuarded } from "./counterparties/guarded.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { awaitReceipts } from "./support/receipts.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

interface World extends AsyncDisposable {
  mcp: GuardedCounterparty;
  first: Sandbox;
  second: Sandbox;
}

/** An MCP server and two authorization servers that issue tokens for it, both of them listed. New ones each time: metadata is cached. */
async function startWorld(): Promise<World> {
  await using resources = new AsyncDisposableStack();
  const mcp = resources.use(disposable(await startGuarded()));
  const options = { port: 0, furtherResources: [mcp.url] };
  const first = resources.use(await startSandbox(options));
  const second = resources.use(await startSandbox(options));
  mcp.issuers = [first, second];
  mcp.authorizationServers = [first.url, second.url];
  const running = resources.move();
  return { mcp, first, second, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function connectAt(serverId: string, issuer: string): Promise<void> {
  const started = await startOAuth(ada, serverId, { issuer, force: true });
  expect(started.__typename).toBe("OAuthStarted");
  await ada.consent(started.authorizationUrl);
  expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", issuer });
}

async function update(serverId: string, settings: object) {
  return ada.graphql(
    `mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) {
      oauthAuthorizationServer oauthScopes oauthIssuer
    } }`,
    { input: { id: serverId, ...settings } },
  );
}

function registrations(): Promise<{ issuer: string; clientId: string }[]> {
  return gatehouse.db.oAuthClient.findMany({
    select: { issuer: true, clientId: true },
    orderBy: { createdAt: "asc" },
  });
}

const details = (flow: { steps: { detail: string | null }[] }) =>
  flow.steps.map(({ detail }) => detail ?? "");

describe("several authorization servers", () => {
  it("MCP-AUTH-3 are put to the person, and the choice is kept", async () => {
    await using world = await startWorld();
    const { mcp, first, second } = world;
    const serverId = await createServer(ada, mcp.url);
    const asked = await startOAuth(ada, serverId);
    expect(asked).toEqual({
      __typename: "OAuthAuthorizationServerRequired",
      message: "This server has several authorization servers. Choose one.",
      authorizationServers: [first, second].map(({ url }) => ({
        issuer: url,
        name: new URL(url).host,
        clientRegistration: "DYNAMIC",
      })),
    });
    // Nothing was registered anywhere, and nothing is left open.
    expect(first.traffic.counters.registrations + second.traffic.counters.registrations).toBe(0);
    expect((await readStatus(ada, serverId)).activeFlow).toBeNull();

    await connectAt(serverId, second.url);
    expect(first.traffic.counters.registrations).toBe(0);
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });

    // Without being asked again: the earlier grant says where.
    const again = await startOAuth(ada, serverId, { force: true });
    expect(again).toMatchObject({ __typename: "OAuthStarted" });
    expect(new URL(again.authorizationUrl).origin).toBe(second.url);
    // Whoever disconnects may want to go elsewhere.
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    expect(await startOAuth(ada, serverId)).toMatchObject({
      __typename: "OAuthAuthorizationServerRequired",
    });
  });

  it("MCP-AUTH-3 what is connected at one does not stop the person from going to the other", async () => {
    await using world = await startWorld();
    const serverId = await createServer(ada, world.mcp.url);
    await connectAt(serverId, world.first.url);
    expect(await startOAuth(ada, serverId, { issuer: world.first.url })).toMatchObject({
      __typename: "OAuthAlreadyConnected",
    });
    const elsewhere = await startOAuth(ada, serverId, { issuer: world.second.url });
    expect(elsewhere).toMatchObject({ __typename: "OAuthStarted" });
    await ada.consent(elsewhere.authorizationUrl);
    expect(await readStatus(ada, serverId)).toMatchObject({ issuer: world.second.url });
  });

  it.each([
    [
      "no PKCE",
      "metadata-no-pkce",
      "The authorization server does not list support for PKCE with S256.",
    ],
    [
      "no client to be had",
      "no-registration",
      "Not used, because a client must be registered here manually.",
    ],
  ] as const)(
    "MCP-AUTH-3 the only one that works is taken: %s at the other",
    async (_what, fault, why) => {
      await using world = await startWorld();
      world.first.faults.set(fault);
      const serverId = await createServer(ada, world.mcp.url);
      const started = await startOAuth(ada, serverId);
      expect(new URL(started.authorizationUrl).origin).toBe(world.second.url);
      expect(details(started.flow)).toContain(why);
    },
  );

  it("C8 where a client must be registered by hand everywhere, the first is named", async () => {
    await using world = await startWorld();
    for (const { faults } of [world.first, world.second]) faults.set("no-registration");
    const serverId = await createServer(ada, world.mcp.url);
    expect(await startOAuth(ada, serverId)).toMatchObject({
      __typename: "OAuthClientRequired",
      issuer: world.first.url,
    });
    expect(await startOAuth(ada, serverId, { issuer: world.second.url })).toMatchObject({
      __typename: "OAuthClientRequired",
      issuer: world.second.url,
    });
  });

  it("one that is not listed is not gone to", async () => {
    await using world = await startWorld();
    const serverId = await createServer(ada, world.mcp.url);
    const refused = await startOAuth(ada, serverId, { issuer: gatehouse.sandbox.url });
    expect(refused).toMatchObject({
      __typename: "OAuthDiscoveryFailed",
      message: "The server does not list the chosen authorization server.",
      flow: { status: "FAILED", error: "DISCOVERY_FAILED" },
    });
    expect(refused.flow.steps.at(-1)).toMatchObject({ outcome: "FAILED" });
  });

  it("R18 going to the other revokes the tokens of the first, where they came from", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const serverId = await createServer(ada, world.mcp.url);
    await connectAt(serverId, first.url);
    await connectAt(serverId, first.url);
    await connectAt(serverId, second.url);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED", attempts: 1, httpStatus: 200, reason: null },
    ]);
    expect(first.traffic.counters.revocations).toBeGreaterThan(0);
    expect(second.traffic.counters.revocations).toBe(0);
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  });

  it("a seal that cannot be opened any more does not stop the person from going to the other", async () => {
    await using world = await startWorld();
    const serverId = await createServer(ada, world.mcp.url);
    await connectAt(serverId, world.first.url);
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { accessToken: Buffer.from("broken") },
    });
    await connectAt(serverId, world.second.url);
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  });

  it.each([
    "",
    "http://as.example",
    "https://as.example/?tenant=1",
    "a\u0000b",
    "x".repeat(100_000),
  ])("an issuer that is none is refused before anything is begun: %#", async (issuer) => {
    await using world = await startWorld();
    const serverId = await createServer(ada, world.mcp.url);
    const { errors } = await ada.graphql(
      "mutation ($input: StartOAuthInput!) { startOAuth(input: $input) { __typename } }",
      { input: { serverId, issuer } },
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fieldErrors: { issuer: [expect.stringContaining("https URL")] },
    });
    expect(await gatehouse.db.oAuthFlow.count({ where: { serverId: rowIdOf(serverId) } })).toBe(0);
  });

  it("MCP-AUTH-9 each has a registration of its own, never used at the other", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const serverId = await createServer(ada, world.mcp.url);
    await connectAt(serverId, first.url);
    await connectAt(serverId, second.url);
    await connectAt(serverId, first.url);
    const made = (await registrations()).filter(({ issuer }) =>
      [first.url, second.url].includes(issuer),
    );
    expect(made.map(({ issuer }) => issuer)).toEqual([first.url, second.url]);
    expect(first.traffic.counters.registrations).toBe(1);
    expect(second.traffic.counters.registrations).toBe(1);
  });

  it("are shown before a server is added", async () => {
    await using world = await startWorld();
    world.first.faults.set("no-registration");
    const { detectServer } = await ada.query(
      `query ($input: DetectServerInput!) { detectServer(input: $input) {
        issuer clientRegistration clientRequired authorizationServers { issuer clientRegistration }
      } }`,
      { input: { workspaceId: ada.workspaceId, url: world.mcp.url } },
    );
    expect(detectServer).toEqual({
      issuer: world.second.url,
      clientRegistration: "DYNAMIC",
      clientRequired: false,
      authorizationServers: [
        { issuer: world.first.url, clientRegistration: null },
        { issuer: world.second.url, clientRegistration: "DYNAMIC" },
      ],
    });
  });
});

describe("what an admin sets", () => {
  it("an authorization server that the server does not list is used, and the steps say so", async () => {
    await using world = await startWorld();
    const { mcp, first, second } = world;
    mcp.authorizationServers = [first.url];
    const serverId = await createServer(ada, mcp.url, { oauthAuthorizationServer: second.url });
    const started = await startOAuth(ada, serverId);
    expect(new URL(started.authorizationUrl).origin).toBe(second.url);
    expect(details(started.flow)).toContain(
      "The settings specify this authorization server, but the server does not list it.",
    );
    expect(first.traffic.counters.registrations).toBe(0);
    const other = await ada.graphql(
      "mutation ($input: StartOAuthInput!) { startOAuth(input: $input) { __typename } }",
      { input: { serverId, issuer: first.url } },
    );
    expect(other.errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fieldErrors: { issuer: [expect.stringContaining(second.url)] },
    });
  });

  it("a server without any metadata is OAuth when an authorization server is named for it", async () => {
    await using world = await startWorld();
    world.mcp.metadata = "missing";
    const oauthAuthorizationServer = world.first.url;
    const serverId = await createServer(ada, world.mcp.url, { oauthAuthorizationServer });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  });

  it("D5 another authorization server ends the grants, and revokes them where they came from", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const serverId = await createServer(ada, world.mcp.url);
    await connectAt(serverId, first.url);
    const { configVersion } = await gatehouse.db.mcpServer.findUniqueOrThrow({
      where: { id: rowIdOf(serverId) },
    });
    const { data } = await update(serverId, { oauthAuthorizationServer: second.url });
    expect(data.updateMcpServer.oauthAuthorizationServer).toBe(second.url);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "DISCONNECTED",
      reason: "SETTINGS_CHANGED",
    });
    await expect.poll(() => first.traffic.counters.revocations).toBeGreaterThan(0);
    expect(
      await gatehouse.db.mcpServer.findUniqueOrThrow({ where: { id: rowIdOf(serverId) } }),
    ).toMatchObject({ configVersion: configVersion + 1 });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ issuer: second.url });
    // Null clears, and is a change as well.
    expect((await update(serverId, { oauthAuthorizationServer: null })).errors).toBeUndefined();
    expect(await readStatus(ada, serverId)).toMatchObject({ reason: "SETTINGS_CHANGED" });
  });

  it("MCP-AUTH-13 scopes are asked for as they are set, with offline_access, and end no grant", async () => {
    await using world = await startWorld();
    const { mcp, first } = world;
    mcp.authorizationServers = [first.url];
    const serverId = await createServer(ada, mcp.url, {
      oauthScopes: ["notes:read", "notes:export"],
    });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      requestedScopes: ["notes:read", "notes:export", "offline_access"],
    });
    const { data } = await update(serverId, { oauthScopes: ["notes:read"] });
    expect(data.updateMcpServer.oauthScopes).toEqual(["notes:read"]);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    await connect(ada, serverId);
    expect((await readStatus(ada, serverId)).requestedScopes).toEqual([
      "notes:read",
      "offline_access",
    ]);
    // A step-up is asked for all the same.
    mcp.writeScope = "notes:write";
    expect(await executeTool(ada, serverId, "write")).toMatchObject({
      reason: "INSUFFICIENT_SCOPE",
    });
    await connect(ada, serverId);
    expect((await readStatus(ada, serverId)).requestedScopes).toEqual([
      "notes:read",
      "offline_access",
      "notes:write",
    ]);
    expect(
      (await update(serverId, { oauthScopes: null })).data.updateMcpServer.oauthScopes,
    ).toBeNull();
  });

  it.each([
    ["oauthAuthorizationServer", { oauthAuthorizationServer: "http://id.example" }],
    ["oauthAuthorizationServer", { oauthAuthorizationServer: "https://id.example/?tenant=1" }],
    ["oauthAuthorizationServer", { oauthAuthorizationServer: "javascript:alert(1)" }],
    ["oauthIssuer", { oauthIssuer: "http://id.example" }],
    ["oauthIssuer", { oauthIssuer: "https://id.example/?tenant=1" }],
    ["oauthScopes.1", { oauthScopes: ["read", "two words"] }],
    ["oauthScopes.0", { oauthScopes: ['qu"ote'] }],
    ["oauthScopes.0", { oauthScopes: [""] }],
    ["oauthScopes", { oauthScopes: Array.from({ length: 101 }, (_, index) => `s${index}`) }],
  ])("is checked: %s", async (field, settings) => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    const { errors } = await update(serverId, settings);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(Object.keys(errors?.[0]?.extensions["fieldErrors"] as object)).toEqual([field]);
  });

  it("a client's issuer and the one that is chosen are refused alike, at a new server too", async () => {
    const issuer = "http://id.example";
    const { errors } = await ada.graphql(
      "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id } }",
      {
        input: {
          workspaceId: ada.workspaceId,
          name: "Refused",
          url: gatehouse.sandbox.notesUrl,
          oauthIssuer: issuer,
          oauthAuthorizationServer: issuer,
        },
      },
    );
    const words = [expect.stringContaining("an https URL without query and fragment")];
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fieldErrors: { oauthIssuer: words, oauthAuthorizationServer: words },
    });
  });

  it("MCP-AUTH-9 a client registered by hand is not taken to another authorization server", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const client = await first.registerClient({ redirectUri: `${gatehouse.url}/oauth/callback` });
    const serverId = await createServer(ada, world.mcp.url, {
      oauthClientId: client.clientId,
      oauthClientSecret: client.clientSecret,
      oauthIssuer: first.url,
    });
    const refused = await update(serverId, { oauthAuthorizationServer: second.url });
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      fieldErrors: { oauthAuthorizationServer: [expect.stringContaining(first.url)] },
    });
    // It is pinned, so that there is no choice to be made.
    const started = await startOAuth(ada, serverId);
    expect(new URL(started.authorizationUrl).origin).toBe(first.url);
  });

  it("D7 a stored secret is not sent to another authorization server unless it is entered again", async () => {
    await using world = await startWorld();
    const settings = { oauthClientId: "client", oauthClientSecret: "secret" };
    const serverId = await createServer(ada, world.mcp.url, settings);
    const moved = { oauthAuthorizationServer: world.second.url };
    expect((await update(serverId, moved)).errors?.[0]?.extensions).toMatchObject({
      fieldErrors: { oauthClientSecret: [expect.stringContaining("Enter it again")] },
    });
    expect(
      (await update(serverId, { ...moved, oauthClientSecret: "secret" })).errors,
    ).toBeUndefined();
  });
});

describe("a server that moves to another authorization server", () => {
  /** Connected at the first, from then on guarded by the second alone. */
  async function move(world: World, settings: object = {}): Promise<string> {
    const { mcp, first, second } = world;
    mcp.authorizationServers = [first.url];
    const serverId = await createServer(ada, mcp.url, settings);
    await connect(ada, serverId);
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
    mcp.authorizationServers = [second.url];
    mcp.issuers = [second];
    return serverId;
  }

  const changed = { __typename: "ReauthRequired", reason: "AUTHORIZATION_SERVER_CHANGED" };

  it("is noticed, and asks for consent there, with a client of its own", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const serverId = await move(world);
    expect(await executeTool(ada, serverId, "look")).toMatchObject(changed);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "AUTHORIZATION_SERVER_CHANGED",
      renewable: false,
    });
    // One event, and no further calls.
    const requests = first.traffic.tokenRequests.length;
    expect(await executeTool(ada, serverId, "look")).toMatchObject(changed);
    expect(first.traffic.tokenRequests).toHaveLength(requests);
    const events = await gatehouse.db.workspaceEvent.findMany({
      where: { serverId: rowIdOf(serverId), type: "REAUTH_REQUIRED" },
    });
    expect(events).toHaveLength(1);
    // The old tokens are worth nothing to anybody, and are ended where they came from.
    await expect.poll(() => first.traffic.counters.revocations).toBeGreaterThan(0);

    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      issuer: second.url,
    });
    expect(second.traffic.counters.registrations).toBe(1);
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
    const known = await registrations();
    const at = (issuer: string) => known.find((one) => one.issuer === issuer)?.clientId;
    expect(at(second.url)).not.toBe(at(first.url));
  });

  it.each([
    ["still names it", "published"],
    ["is down", "down"],
    ["is gone", "missing"],
    ["is about another resource", "about another resource"],
  ] as const)("R19 is not what a refusal means while its metadata %s", async (_how, metadata) => {
    await using world = await startWorld();
    const { mcp, first, second } = world;
    const serverId = await move(world);
    mcp.metadata = metadata;
    if (metadata === "published") mcp.authorizationServers = [second.url, first.url];
    expect(await executeTool(ada, serverId, "look")).toMatchObject({
      __typename: "ServerUnreachable",
      retryable: true,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    mcp.issuers = [first];
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
  });

  it("is looked for once a minute at most", async () => {
    await using world = await startWorld();
    const serverId = await move(world);
    world.mcp.metadata = "down";
    await executeTool(ada, serverId, "look");
    const reads = world.mcp.metadataReads();
    for (let call = 0; call < 5; call += 1) await executeTool(ada, serverId, "look");
    expect(world.mcp.metadataReads()).toBe(reads);
  });

  it("is not what counts where an admin has named the old one", async () => {
    await using world = await startWorld();
    const serverId = await move(world, { oauthAuthorizationServer: world.first.url });
    const reads = world.mcp.metadataReads();
    expect(await executeTool(ada, serverId, "look")).toMatchObject({
      __typename: "ServerUnreachable",
    });
    expect(world.mcp.metadataReads()).toBe(reads);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });

  it("is not what counts either where the one that an admin has named calls itself otherwise", async () => {
    await using world = await startWorld();
    const serverId = await move(world, { oauthAuthorizationServer: world.first.url });
    // As under a profile that lets metadata name another issuer of the provider.
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { issuer: "https://login.provider.example" },
    });
    expect(await executeTool(ada, serverId, "look")).toMatchObject({
      __typename: "ServerUnreachable",
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });

  it("MCP-AUTH-9 a client registered by hand does not move with it", async () => {
    await using world = await startWorld();
    const { first, second } = world;
    const client = await first.registerClient({ redirectUri: `${gatehouse.url}/oauth/callback` });
    const serverId = await move(world, {
      oauthClientId: client.clientId,
      oauthClientSecret: client.clientSecret,
    });
    expect(await executeTool(ada, serverId, "look")).toMatchObject(changed);
    const refused = await startOAuth(ada, serverId);
    expect(refused.__typename).toBe("OAuthDiscoveryFailed");
    expect(refused.message).toContain(`belongs to ${first.url}, which the server does not list`);
    expect(second.traffic.tokenRequests).toHaveLength(0);
  });

  it("is noticed though the old one is gone, and no token can be had to be refused", async () => {
    await using world = await startWorld();
    const serverId = await move(world);
    await world.first.close();
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { accessTokenExpiresAt: new Date(Date.now() - 60_000), refreshFailures: 3 },
    });
    // A process that has not read the tokens yet.
    const other = ada.at(await gatehouse.addProcess());
    expect(await executeTool(other, serverId, "look")).toMatchObject(changed);
  });
});
