import { beforeEach, describe, expect } from "vitest";
import { consent, createBrowser } from "#sandbox/testing/driver.ts";
import { watchClients } from "./support/client-traffic.ts";
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

let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
  await connect(ada, serverId);
  expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
    __typename: "ToolExecuted",
  });
  const traffic = await watchClients(gatehouse, serverId);
  const before = traffic().refreshes;
  refreshes = () => traffic().refreshes - before;
});

const rowId = () => rowIdOf(serverId);
/** Since the test began, of its own server. */
let refreshes: () => number;

/** As if the token's time were up: Gatehouse knows it, and the server refuses it. */
async function runOut(): Promise<void> {
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowId() },
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000), refreshRetryAt: null },
  });
  gatehouse.sandbox.expireAccessTokens();
}

const readGrant = () => gatehouse.db.oAuthGrant.findFirstOrThrow({ where: { serverId: rowId() } });

/** Changes of state, not that a token was refreshed. */
const countEvents = () =>
  gatehouse.db.workspaceEvent.count({
    where: { serverId: rowId(), type: { in: ["OAUTH_STATE_CHANGED", "REAUTH_REQUIRED"] } },
  });

describe("refresh against a rotating authorization server with reuse detection", () => {
  it("R1 a hundred calls at once on an expired token cost one token request, and none fails", async () => {
    await runOut();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => executeTool(ada, serverId, "list_notes")),
    );
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["ToolExecuted"]));
    expect(refreshes()).toBe(1);
  });

  it("R1 R2 two processes on one database cost one token request between them", async () => {
    const elsewhere = ada.at(await gatehouse.addProcess());
    await runOut();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        executeTool(i % 2 ? ada : elsewhere, serverId, "list_notes"),
      ),
    );
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["ToolExecuted"]));
    expect(refreshes()).toBe(1);
  });

  it("R5 a token that the server refuses is refreshed within the call", async () => {
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(refreshes()).toBe(1);
  });

  it("R6 keeps refresh token, scope and lifetime that the answer leaves out", async () => {
    const before = await readGrant();
    for (const fault of [
      "refresh-omits-refresh-token",
      "refresh-omits-scope",
      "refresh-omits-expires-in",
    ] as const)
      gatehouse.sandbox.faults.set(fault);
    await runOut();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    const after = await readGrant();
    expect(after.refreshToken).toEqual(before.refreshToken);
    expect(after.grantedScopes).toEqual(before.grantedScopes);
    expect(after.accessTokenLifetimeMs).toBe(before.accessTokenLifetimeMs);
  });

  it.each([
    "token-endpoint-503",
    "token-endpoint-html",
    "token-endpoint-drops-connection",
  ] as const)("R7 with %s nobody is asked to sign in, and the next try works", async (fault) => {
    const events = await countEvents();
    gatehouse.sandbox.faults.set(fault);
    await runOut();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ServerUnreachable",
      retryable: true,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      reason: null,
      renewable: true,
    });
    expect(await countEvents()).toBe(events);
    gatehouse.sandbox.faults.clear();
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowId() },
      data: { refreshRetryAt: null },
    });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("R8 a dead grant is told once and costs no further calls", async () => {
    const events = await countEvents();
    await gatehouse.sandbox.endGrants("ada");
    await runOut();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => executeTool(ada, serverId, "list_notes")),
    );
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(
      new Set(["ReauthRequired"]),
    );
    await executeTool(ada, serverId, "list_notes");
    expect(refreshes()).toBe(1);
    expect(await countEvents()).toBe(events + 1);
  });

  it("R9 a client that was deleted has its own reason, and the next consent registers anew", async () => {
    const { clientId } = await gatehouse.db.oAuthClient.findFirstOrThrow({
      where: { serverId: rowId() },
    });
    gatehouse.sandbox.deleteClient(clientId);
    await runOut();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "CLIENT_INVALID",
    });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(
      await gatehouse.db.oAuthClient.count({
        where: { serverId: rowId(), clientId: { not: clientId } },
      }),
    ).toBe(1);
  });

  it("R14 a grant whose key is gone is an error, and its row stays as it is", async () => {
    const before = await readGrant();
    const broken = new Uint8Array(before.accessToken ?? []);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    await gatehouse.db.oAuthGrant.update({
      where: { id: before.id },
      data: { accessToken: broken },
    });
    const { errors } = await ada.graphql(
      'mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes" }) { __typename } }',
      { id: serverId },
    );
    expect(errors?.[0]?.extensions["code"]).toBe("INTERNAL_SERVER_ERROR");
    expect(await readGrant()).toMatchObject({
      state: "CONNECTED",
      version: before.version,
      refreshToken: before.refreshToken,
    });
  });

  it("R17 a token of two minutes is not refreshed at every call", async () => {
    for (let i = 0; i < 5; i++) await executeTool(ada, serverId, "list_notes");
    expect(refreshes()).toBe(0);
  });

  it("R17 it is refreshed within a fifth of its lifetime, before it has run out", async () => {
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowId() },
      data: { accessTokenExpiresAt: new Date(Date.now() + 20_000) },
    });
    await executeTool(ada, serverId, "list_notes");
    expect(refreshes()).toBe(1);
  });

  it("R19 a burst of refusals during a hiccup asks nobody to sign in, and costs one refresh", async () => {
    const events = await countEvents();
    gatehouse.sandbox.faults.set("mcp-401");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => executeTool(ada, serverId, "list_notes")),
    );
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(
      new Set(["ServerUnreachable"]),
    );
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    expect(await countEvents()).toBe(events);
    expect(refreshes()).toBe(1);
    gatehouse.sandbox.faults.clear();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("R19 a suspended account comes back with the first call that the server takes", async () => {
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowId() },
      data: { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" },
    });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
  });

  it("R9 a registration that the authorization server forgot is not used for ever", async () => {
    const client = await gatehouse.db.oAuthClient.findFirstOrThrow({
      where: { serverId: rowId() },
    });
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    gatehouse.sandbox.deleteClient(client.clientId);
    const lost = await startOAuth(ada, serverId);
    await expect(ada.consent(lost.authorizationUrl)).rejects.toThrow(/invalid_client|client/);
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });

  it("R18 what is revoked through a shared client leaves the neighbour's grant alive", async () => {
    const { clientId, clientSecret } = await gatehouse.sandbox.registerClient({
      redirectUri: `${gatehouse.url}/oauth/callback`,
    });
    const settings = { oauthClientId: clientId, oauthClientSecret: clientSecret ?? null };
    const browse = createBrowser();
    const ids: string[] = [];
    for (const url of [gatehouse.sandbox.notesUrl, gatehouse.sandbox.weatherUrl]) {
      const id = await createServer(ada, url, settings);
      const { authorizationUrl } = await startOAuth(ada, id);
      const { callbackUrl } = await consent({
        authorizationUrl,
        login: "ada",
        decision: "allow",
        browse,
      });
      await ada.open(callbackUrl);
      ids.push(id);
    }
    const [notes = "", weather = ""] = ids;
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", { id: notes });
    await expect.poll(() => gatehouse.log.some((line) => line.includes("KEPT_SHARED"))).toBe(true);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, weather, "get_forecast", { city: "Lisbon" })).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("nothing secret is in the database, the log or an answer in clear", async () => {
    await runOut();
    await executeTool(ada, serverId, "list_notes");
    const tables = [
      "OAuthGrant",
      "OAuthClient",
      "OAuthFlow",
      "McpServer",
      "ToolExecution",
      "WorkspaceEvent",
    ];
    const rows = await Promise.all(
      tables.map((table) =>
        gatehouse.db.$queryRawUnsafe(`SELECT t::text AS row FROM "${table}" t`),
      ),
    );
    const haystack = JSON.stringify(rows) + gatehouse.log.join("\n");
    expect(haystack).toContain(rowId());
    for (const pattern of [
      /eyJ[\w-]{10,}\./,
      /Bearer [\w-]{8,}/,
      /code_verifier/,
      /[?&](code|state)=/,
    ])
      expect(haystack).not.toMatch(pattern);
  });
});
