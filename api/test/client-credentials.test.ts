import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect } from "vitest";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { awaitReceipts } from "./support/receipts.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
beforeEach(() => {
  registered.length = 0;
  gatehouse.sandbox.faults.clear();
  gatehouse.sandbox.traffic.reset();
});

const redirectUri = () => `${gatehouse.url}/oauth/callback`;
/** The ids of the clients that the current test has registered. */
const registered: string[] = [];
/** Counts the token requests of the current test's clients, and of those that the authorization server does not know anymore. Background work of earlier tests may send others. */
const tokenRequests = () =>
  gatehouse.sandbox.traffic.tokenRequests.filter(
    ({ grantType, clientId }) =>
      grantType === "client_credentials" && (!clientId || registered.includes(clientId)),
  ).length;
const readGrant = (serverId: string) =>
  gatehouse.db.oAuthGrant.findFirstOrThrow({ where: { serverId: rowIdOf(serverId) } });
const readRow = (serverId: string) =>
  gatehouse.db.mcpServer.findUniqueOrThrow({ where: { id: rowIdOf(serverId) } });

function makeKey(kind: "ec" | "rsa" | "ed25519" = "ec") {
  const { privateKey, publicKey } =
    kind === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  return {
    pem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    publicKey: publicKey.export({ format: "jwk" }) as { kty: string },
  };
}

/** Settings of a client that acts for itself, authenticated by its secret. */
async function registerBySecret() {
  const { clientId, clientSecret } = await gatehouse.sandbox.registerClient({
    redirectUri: redirectUri(),
    actsForItself: true,
  });
  registered.push(clientId);
  return {
    oauthGrantType: "CLIENT_CREDENTIALS",
    oauthClientId: clientId,
    oauthClientSecret: clientSecret ?? null,
  };
}

/** The same, authenticated by a key. */
async function registerByKey(kind: "ec" | "rsa" = "ec") {
  const { pem, publicKey } = makeKey(kind);
  const { clientId } = await gatehouse.sandbox.registerClient({
    redirectUri: redirectUri(),
    actsForItself: true,
    tokenEndpointAuthMethod: "private_key_jwt",
    publicKey,
  });
  registered.push(clientId);
  return {
    oauthGrantType: "CLIENT_CREDENTIALS",
    oauthClientId: clientId,
    oauthPrivateKey: pem,
    oauthSigningAlgorithm: kind === "rsa" ? "RS256" : null,
  };
}

const addServer = (settings: object) => createServer(ada, gatehouse.sandbox.notesUrl, settings);

async function addConnected(settings: object): Promise<string> {
  const serverId = await addServer(settings);
  expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
  expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
    __typename: "ToolExecuted",
  });
  gatehouse.sandbox.traffic.reset();
  return serverId;
}

/** The workspace's own attempts at a server, oldest first, once none is under way. */
async function awaitAttempts(serverId: string, count = 1) {
  const where = { serverId: rowIdOf(serverId) };
  await expect
    .poll(() => gatehouse.db.oAuthFlow.count({ where: { ...where, status: { not: "PENDING" } } }), {
      timeout: 15_000,
    })
    .toBe(count);
  return gatehouse.db.oAuthFlow.findMany({ where, orderBy: { id: "asc" } });
}

const disconnect = (id: string) =>
  ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", { id });

/** One that waits for somebody to start. */
async function addIdle(settings: object): Promise<string> {
  const serverId = await addServer(settings);
  await awaitAttempts(serverId);
  await disconnect(serverId);
  await awaitReceipts(gatehouse, serverId);
  gatehouse.sandbox.traffic.reset();
  return serverId;
}

/** Somebody else in Ada's workspace. */
async function addMember(name: string, role: "ADMIN" | "MEMBER"): Promise<TestUser> {
  const user = await gatehouse.signUp(name);
  const { userId } = await gatehouse.db.membership.findFirstOrThrow({
    where: { workspaceId: rowIdOf(user.workspaceId) },
  });
  await gatehouse.db.membership.create({
    data: { userId, workspaceId: rowIdOf(ada.workspaceId), role },
  });
  return user;
}

/** As if the token's time were up: Gatehouse knows it, and the server refuses it. */
async function runOut(serverId: string): Promise<void> {
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000), refreshRetryAt: null },
  });
  gatehouse.sandbox.expireAccessTokens();
}

const update = (id: string, input: object) =>
  ada.graphql(
    `mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) {
      id oauthGrantType hasOAuthClientSecret hasOAuthPrivateKey oauthSigningAlgorithm credentialScope
    } }`,
    { input: { id, ...input } },
  );

const fieldsAtFault = (answer: Awaited<ReturnType<typeof update>>) =>
  Object.keys(answer.errors?.[0]?.extensions["fieldErrors"] ?? {});

describe("connecting as the workspace itself", () => {
  it.each([
    ["a client secret", registerBySecret],
    ["a private key (RFC 7523)", () => registerByKey("ec")],
    ["an RSA key", () => registerByKey("rsa")],
  ])("needs nobody's consent with %s, and the steps tell what was done", async (_how, register) => {
    const serverId = await addServer(await register());
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      reason: null,
      clientRegistration: "PRE_REGISTERED",
      issuer: gatehouse.sandbox.url,
      requestedScopes: ["notes:read", "notes:write"],
      grantedScopes: ["notes:read", "notes:write"],
      renewable: true,
      activeFlow: null,
    });
    expect(gatehouse.sandbox.traffic.tokenRequests).toMatchObject([
      {
        grantType: "client_credentials",
        resource: gatehouse.sandbox.notesUrl,
        scope: "notes:read notes:write",
        status: 200,
      },
    ]);
    const flow = await gatehouse.db.oAuthFlow.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
    });
    expect(flow).toMatchObject({ status: "SUCCEEDED", error: null });
    expect(flow.steps).toContainEqual(
      expect.objectContaining({ kind: "TOKEN_EXCHANGE", outcome: "OK", httpStatus: 200 }),
    );
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("is the workspace's account: told to the log once, and for an ADMIN alone to make", async () => {
    const serverId = await addServer(await registerBySecret());
    await startOAuth(ada, serverId);
    expect(await readGrant(serverId)).toMatchObject({
      ownerId: rowIdOf(ada.workspaceId),
      grantType: "CLIENT_CREDENTIALS",
      refreshToken: null,
    });
    expect(
      await gatehouse.db.workspaceEvent.findMany({
        where: { serverId: rowIdOf(serverId), type: "OAUTH_STATE_CHANGED" },
        select: { userId: true, payload: true },
      }),
    ).toEqual([
      {
        userId: null,
        payload: { previousState: "DISCONNECTED", state: "CONNECTED", reason: null },
      },
    ]);
    const bob = await addMember("Bob", "MEMBER");
    expect(await executeTool(bob, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    const { errors } = await bob.graphql(
      "mutation ($id: ID!) { startOAuth(input: { serverId: $id }) { __typename } }",
      { id: serverId },
    );
    expect(errors?.[0]?.extensions["code"]).toBe("FORBIDDEN");
  });

  it("outlives whoever connected it: it is nobody's own account", async () => {
    const serverId = await addServer(await registerBySecret());
    const bea = await addMember("Bea", "ADMIN");
    expect(await startOAuth(bea, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
    await bea.query("mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { id } }", {
      id: ada.workspaceId,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("R16 MCP-AUTH-9 a wrong secret is told by the attempt, and its client is not tried again", async () => {
    const settings = await registerBySecret();
    const serverId = await addServer({ ...settings, oauthClientSecret: "not-the-secret" });
    const answer = await startOAuth(ada, serverId);
    expect(answer).toMatchObject({
      __typename: "OAuthDiscoveryFailed",
      flow: { status: "FAILED", error: "TOKEN_EXCHANGE_FAILED" },
    });
    expect(answer.flow.steps.at(-1)).toMatchObject({ kind: "TOKEN_EXCHANGE", outcome: "FAILED" });
    expect(JSON.stringify(answer)).not.toContain("not-the-secret");
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
    await update(serverId, { oauthClientSecret: settings.oauthClientSecret });
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
  });

  it("two starts at once both connect, and leave one account that works", async () => {
    const serverId = await addIdle(await registerByKey());
    const answers = await Promise.all([startOAuth(ada, serverId), startOAuth(ada, serverId)]);
    expect(answers.map(({ __typename }) => __typename)).toEqual([
      "OAuthAlreadyConnected",
      "OAuthAlreadyConnected",
    ]);
    expect(await gatehouse.db.oAuthGrant.count({ where: { serverId: rowIdOf(serverId) } })).toBe(1);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
    expect(tokenRequests()).toBe(2);
  });

  it("R7 an authorization server in trouble connects nobody, and the next start does", async () => {
    gatehouse.sandbox.faults.set("token-endpoint-503");
    const serverId = await addServer(await registerBySecret());
    expect(await startOAuth(ada, serverId)).toMatchObject({
      __typename: "OAuthDiscoveryFailed",
      flow: { error: "TOKEN_EXCHANGE_FAILED", errorDetail: "HTTP 503" },
    });
    gatehouse.sandbox.faults.clear();
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
  });

  it("D5 tokens that arrive after a change of settings are not stored, and are revoked", async () => {
    const client = await registerBySecret();
    const serverId = await addIdle(client);
    const starts: ReturnType<typeof startOAuth>[] = [];
    await gatehouse.db.$transaction(async (tx) => {
      // Lets the attempt begin, and its tokens wait to be stored.
      await tx.$queryRaw`SELECT 1 FROM "McpServer" WHERE "id" = ${rowIdOf(serverId)}::uuid FOR NO KEY UPDATE`;
      starts.push(startOAuth(ada, serverId));
      await expect
        .poll(
          async () => {
            const waiting = await gatehouse.db.$queryRaw<{ n: number }[]>`
            SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
            return waiting[0]?.n;
          },
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0);
      await tx.mcpServer.update({
        where: { id: rowIdOf(serverId) },
        data: { configVersion: { increment: 1 } },
      });
    });
    expect(await starts[0]).toMatchObject({
      __typename: "OAuthDiscoveryFailed",
      flow: { status: "FAILED", error: "SETTINGS_CHANGED" },
    });
    const { traffic } = gatehouse.sandbox;
    await expect.poll(() => traffic.countOf([client.oauthClientId]).revocations).toBe(1);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
  });
});

describe("without anybody's start", () => {
  const executed = { __typename: "ToolExecuted" };
  const callTool = (serverId: string) => executeTool(ada, serverId, "list_notes");

  it("it is connected behind the answer that created the server, in the admin's name", async () => {
    const serverId = await addServer(await registerBySecret());
    const [attempt] = await awaitAttempts(serverId);
    expect(attempt).toMatchObject({
      status: "SUCCEEDED",
      userId: (await readRow(serverId)).createdById,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(tokenRequests()).toBe(1);
  });

  it("a failure is told by the attempt and fails no creation, nor is it repeated by every call; new settings are tried", async () => {
    const settings = await registerBySecret();
    const serverId = await addServer({ ...settings, oauthClientSecret: "not-the-secret" });
    expect(await awaitAttempts(serverId)).toMatchObject([
      { status: "FAILED", error: "TOKEN_EXCHANGE_FAILED" },
    ]);
    for (let i = 0; i < 3; i++)
      expect(await callTool(serverId)).toMatchObject({
        __typename: "ReauthRequired",
        reason: "NOT_CONNECTED",
      });
    expect(tokenRequests()).toBe(1);
    await update(serverId, { oauthClientSecret: settings.oauthClientSecret });
    expect(await awaitAttempts(serverId, 2)).toMatchObject([{}, { status: "SUCCEEDED" }]);
    expect(await callTool(serverId)).toMatchObject(executed);
  });

  it("calls that meet no account wait for one attempt", async () => {
    const serverId = await addConnected(await registerBySecret());
    await gatehouse.db.oAuthGrant.deleteMany({ where: { serverId: rowIdOf(serverId) } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => callTool(serverId)));
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["ToolExecuted"]));
    expect(tokenRequests()).toBe(1);
  });

  it("so does the question for tools, after a change of settings, whoever may ask", async () => {
    const serverId = await addConnected(await registerByKey());
    const bert = await addMember("Bert", "MEMBER");
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { state: "DISCONNECTED", reason: "SETTINGS_CHANGED", accessToken: null },
    });
    await bert.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", {
      id: serverId,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(await readGrant(serverId)).toMatchObject({
      connectedById: (await readRow(serverId)).createdById,
    });
    expect(tokenRequests()).toBe(1);
  });

  it("it stays disconnected when a person has ended it, or the server is switched off", async () => {
    const serverId = await addIdle(await registerBySecret());
    expect(await callTool(serverId)).toMatchObject({
      __typename: "ReauthRequired",
      reason: "DISCONNECTED_BY_USER",
    });
    await update(serverId, { oauthClientSecret: "another" });
    const offId = await addConnected(await registerBySecret());
    await gatehouse.db.oAuthGrant.deleteMany({ where: { serverId: rowIdOf(offId) } });
    await update(offId, { enabled: false });
    expect(await callTool(offId)).toMatchObject({ __typename: "ServerDisabled" });
    expect(tokenRequests()).toBe(0);
    expect(await awaitAttempts(serverId)).toHaveLength(1);
  });
});

describe("refresh without a refresh token", () => {
  it.each([
    ["a client secret", registerBySecret],
    ["a private key", () => registerByKey()],
  ])("R1 with %s an expiry costs one token request over two processes", async (_how, register) => {
    const serverId = await addConnected(await register());
    const elsewhere = ada.at(await gatehouse.addProcess());
    await runOut(serverId);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        executeTool(i % 2 ? ada : elsewhere, serverId, "list_notes"),
      ),
    );
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["ToolExecuted"]));
    expect(gatehouse.sandbox.traffic.tokenRequests).toMatchObject([
      {
        grantType: "client_credentials",
        resource: gatehouse.sandbox.notesUrl,
        scope: "notes:read notes:write",
        status: 200,
      },
    ]);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", renewable: true });
  });

  it("D3 a 401 at call time is answered with a new token within the call", async () => {
    const serverId = await addConnected(await registerByKey());
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(tokenRequests()).toBe(1);
  });

  it("R7 an authorization server in trouble asks nobody for anything", async () => {
    const serverId = await addConnected(await registerBySecret());
    gatehouse.sandbox.faults.set("token-endpoint-503");
    await runOut(serverId);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ServerUnreachable",
      retryable: true,
      message: expect.stringMatching(
        /^The authorization server 127\.0\.0\.1:\d+ did not refresh the access token( \(HTTP 503\))?\. Nothing was lost\. The next attempt is possible in \d+ seconds?\.$/,
      ),
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", renewable: true });
    gatehouse.sandbox.faults.clear();
    await runOut(serverId);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("R9 a client that is gone has its own reason, costs no further calls, and is never NO_REFRESH_TOKEN", async () => {
    const settings = await registerBySecret();
    const serverId = await addConnected(settings);
    gatehouse.sandbox.deleteClient(settings.oauthClientId);
    await runOut(serverId);
    for (let i = 0; i < 2; i++)
      expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
        __typename: "ReauthRequired",
        reason: "CLIENT_INVALID",
      });
    expect(tokenRequests()).toBe(1);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "CLIENT_INVALID",
      renewable: false,
    });
    await update(serverId, await registerByKey());
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
  });

  it("a holder that died after asking leaves no doubt: the next one asks again", async () => {
    const serverId = await addConnected(await registerBySecret());
    await runOut(serverId);
    const { version } = await readGrant(serverId);
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { leaseOwner: "died", leaseUntil: new Date(Date.now() - 1_000), sentVersion: version },
    });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(tokenRequests()).toBe(1);
  });
});

describe("a person's account through a client with a private key", () => {
  it("is connected, refreshed and revoked by assertions, and carries no secret", async () => {
    const { pem, publicKey } = makeKey();
    const { clientId } = await gatehouse.sandbox.registerClient({
      redirectUri: redirectUri(),
      tokenEndpointAuthMethod: "private_key_jwt",
      publicKey,
    });
    const serverId = await addServer({ oauthClientId: clientId, oauthPrivateKey: pem });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", renewable: true });
    await runOut(serverId);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(
      gatehouse.sandbox.traffic.tokenRequests.map(({ grantType, status }) => [grantType, status]),
    ).toEqual([
      ["authorization_code", 200],
      ["refresh_token", 200],
    ]);
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    await expect.poll(() => gatehouse.sandbox.traffic.counters.revocations).toBeGreaterThan(0);
    await expect
      .poll(() => gatehouse.log.some((line) => /CONFIRMED|confirmed/.test(line)))
      .toBe(true);
  });
});

describe("settings", () => {
  it("belong to the workspace: created as WORKSPACE, and PERSONAL is refused", async () => {
    const settings = await registerBySecret();
    const serverId = await addServer(settings);
    expect((await readRow(serverId)).credentialScope).toBe("WORKSPACE");
    expect(fieldsAtFault(await update(serverId, { credentialScope: "PERSONAL" }))).toEqual([
      "credentialScope",
    ]);
    const personal = await addServer({
      oauthClientId: settings.oauthClientId,
      oauthClientSecret: settings.oauthClientSecret,
    });
    const change = { oauthGrantType: "CLIENT_CREDENTIALS" };
    expect(fieldsAtFault(await update(personal, change))).toEqual(["credentialScope"]);
    const { data } = await update(personal, { ...change, credentialScope: "WORKSPACE" });
    expect(data.updateMcpServer).toMatchObject({
      oauthGrantType: "CLIENT_CREDENTIALS",
      hasOAuthClientSecret: true,
    });
    // Null clears, absent keeps.
    await update(personal, { name: "Another name" });
    expect((await readRow(personal)).oauthGrantType).toBe("CLIENT_CREDENTIALS");
    const cleared = await update(personal, { oauthGrantType: null });
    expect(cleared.data.updateMcpServer.oauthGrantType).toBe("AUTHORIZATION_CODE");
  });

  it("need a client id, and a secret or a key that signs", async () => {
    const create = async (input: object) =>
      fieldsAtFault(
        await ada.graphql(
          "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id } }",
          {
            input: {
              workspaceId: ada.workspaceId,
              name: "Server",
              url: gatehouse.sandbox.notesUrl,
              oauthGrantType: "CLIENT_CREDENTIALS",
              ...input,
            },
          },
        ),
      );
    expect(await create({})).toEqual(["oauthClientId"]);
    expect(await create({ oauthClientId: "mine" })).toEqual(["oauthClientSecret"]);
    expect(await create({ oauthPrivateKey: makeKey().pem })).toEqual([
      "oauthPrivateKey",
      "oauthClientId",
    ]);
    const withKey = (oauthPrivateKey: string, oauthSigningAlgorithm?: string) =>
      create({ oauthClientId: "mine", oauthPrivateKey, oauthSigningAlgorithm });
    expect(await withKey("not a key")).toEqual(["oauthPrivateKey"]);
    expect(await withKey(makeKey("rsa").pem)).toEqual(["oauthPrivateKey"]);
    expect(await withKey(makeKey("rsa").pem, "HS256")).toEqual(["oauthSigningAlgorithm"]);
    expect(await withKey(makeKey("rsa").pem, "none")).toEqual(["oauthSigningAlgorithm"]);
    expect(await create({ oauthClientId: "mine", oauthSigningAlgorithm: "ES256" })).toEqual([
      "oauthSigningAlgorithm",
      "oauthClientSecret",
    ]);
    for (const [kind, algorithm] of [
      ["rsa", "RS256"],
      ["rsa", "PS256"],
      ["ed25519", "EdDSA"],
      ["ec", "ES256"],
    ] as const)
      expect(await withKey(makeKey(kind).pem, algorithm)).toEqual([]);
  });

  it("D5 D6 another secret, key, algorithm or grant type ends the account; a new name does not", async () => {
    const changes = [
      { oauthPrivateKey: makeKey("rsa").pem },
      { oauthSigningAlgorithm: "PS256" },
      { oauthClientSecret: "another" },
      { oauthGrantType: null },
      { oauthPrivateKey: null, oauthClientSecret: "another" },
    ];
    for (const change of changes) {
      const settings = await registerByKey("rsa");
      const serverId = await addConnected(settings);
      const { configVersion } = await readRow(serverId);
      await update(serverId, { name: "Renamed" });
      await update(serverId, { oauthPrivateKey: settings.oauthPrivateKey });
      expect(await readRow(serverId)).toMatchObject({ configVersion });
      expect((await update(serverId, change)).errors).toBeUndefined();
      expect(await readRow(serverId)).toMatchObject({ configVersion: configVersion + 1 });
      const events = await gatehouse.db.workspaceEvent.findMany({
        where: { serverId: rowIdOf(serverId), type: "OAUTH_STATE_CHANGED" },
        orderBy: { seq: "asc" },
      });
      expect(events.map(({ payload }) => payload)).toContainEqual({
        previousState: "CONNECTED",
        state: "DISCONNECTED",
        reason: "SETTINGS_CHANGED",
      });
      // Before the workspace connects itself anew through the same client, where it can.
      expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([{ outcome: "CONFIRMED" }]);
    }
  });

  it("D7 the key goes nowhere: not back to a client, not to another authorization server, not in clear to the database", async () => {
    const settings = await registerByKey();
    const serverId = await addConnected(settings);
    const { mcpServer } = await ada.query(
      "query ($id: ID!) { mcpServer(id: $id) { oauthGrantType hasOAuthPrivateKey oauthSigningAlgorithm hasOAuthClientSecret } }",
      { id: serverId },
    );
    expect(mcpServer).toEqual({
      oauthGrantType: "CLIENT_CREDENTIALS",
      hasOAuthPrivateKey: true,
      oauthSigningAlgorithm: "ES256",
      hasOAuthClientSecret: false,
    });
    expect(
      fieldsAtFault(await update(serverId, { oauthIssuer: "https://elsewhere.example" })),
    ).toEqual(["oauthPrivateKey"]);
    // A client id of its own begins without the other's key.
    expect(fieldsAtFault(await update(serverId, { oauthClientId: "another" }))).toEqual([
      "oauthClientSecret",
    ]);
    const body = settings.oauthPrivateKey.split("\n")[1] ?? "";
    expect(body.length).toBeGreaterThan(40);
    const rows = await Promise.all(
      ["McpServer", "OAuthClient", "OAuthFlow", "OAuthGrant", "WorkspaceEvent"].map((table) =>
        gatehouse.db.$queryRawUnsafe(`SELECT t::text AS row FROM "${table}" t`),
      ),
    );
    const haystack = JSON.stringify(rows) + gatehouse.log.join("\n");
    expect(haystack).toContain(rowIdOf(serverId));
    expect(haystack).not.toContain(body);
    expect(haystack).not.toContain(Buffer.from(body).toString("hex"));
    expect(haystack).not.toMatch(/client_assertion|eyJ[\w-]{10,}\./);
  });
});
