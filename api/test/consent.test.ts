import { beforeEach, describe, expect } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import { createBrowser } from "./support/browser.ts";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  readStatus,
  startOAuth,
  type TestUser,
  rowIdOf,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
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
});

async function readFlow(id: string, user = ada) {
  const { oauthFlow } = await user.query(
    "query ($id: ID!) { oauthFlow(id: $id) { status error errorDetail expiresAt finishedAt steps { kind outcome url detail } } }",
    { id },
  );
  return oauthFlow;
}

/** The callback as the consent page would make it, not yet opened. */
async function reachCallback(
  authorizationUrl: string,
  decision: "allow" | "deny" = "allow",
): Promise<URL> {
  const { callbackUrl } = await consent({ authorizationUrl, login: "ada", decision });
  return new URL(callbackUrl);
}

async function expire(flowId: string): Promise<void> {
  const id = rowIdOf(flowId);
  await gatehouse.db.oAuthFlow.update({
    where: { id },
    data: { expiresAt: new Date(Date.now() - 1) },
  });
}

describe("consent", () => {
  it("C1 an attempt expires by its own clock, whatever tokens are saved meanwhile", async () => {
    const abandoned = await startOAuth(ada, serverId);
    const before = await readFlow(abandoned.flow.id);
    await connect(ada, serverId);
    expect((await readFlow(abandoned.flow.id)).expiresAt).toBe(before.expiresAt);
  });

  it("C2 a second start leaves the first attempt alone", async () => {
    const first = await startOAuth(ada, serverId);
    const second = await startOAuth(ada, serverId);
    await ada.consent(first.authorizationUrl);
    await ada.consent(second.authorizationUrl);
    expect(await readFlow(first.flow.id)).toMatchObject({ status: "SUCCEEDED" });
    expect(await readFlow(second.flow.id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("C3 a state is used up by an error callback", async () => {
    const started = await startOAuth(ada, serverId);
    const denied = await reachCallback(started.authorizationUrl, "deny");
    await ada.open(denied.href);
    expect(await readFlow(started.flow.id)).toMatchObject({
      status: "FAILED",
      error: "ACCESS_DENIED",
    });
    denied.searchParams.delete("error");
    denied.searchParams.delete("error_description");
    denied.searchParams.set("code", "late");
    const traffic = await watchClients(gatehouse, serverId);
    const { tokenRequests } = traffic();
    await ada.open(denied.href);
    expect(traffic().tokenRequests).toBe(tokenRequests);
    expect(await readFlow(started.flow.id)).toMatchObject({
      status: "FAILED",
      error: "ACCESS_DENIED",
    });
  });

  it("C3 of callbacks that come at once, one takes the state", async () => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    const traffic = await watchClients(gatehouse, serverId);
    const { tokenRequests } = traffic();
    await Promise.all(Array.from({ length: 8 }, () => ada.open(callback.href)));
    expect(traffic().tokenRequests - tokenRequests).toBe(1);
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("C4 another user's callback burns the attempt and connects nobody", async () => {
    const eve = await gatehouse.signUp();
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    await eve.open(callback.href);
    expect(await readFlow(started.flow.id)).toMatchObject({
      status: "FAILED",
      error: "WRONG_USER",
    });
    await ada.open(callback.href);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
  });

  it("C4 with nobody signed in the callback is kept and finished after sign-in", async () => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    const browser = createBrowser();
    const answer = await browser.open(callback.href);
    expect(answer.status).toBe(303);
    const signIn = new URL(answer.headers.get("location") ?? "", gatehouse.url);
    expect(signIn.pathname).toBe("/sign-in");
    expect(signIn.href).not.toContain(callback.searchParams.get("code"));
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "PENDING" });

    browser.addCookies(ada.cookie);
    const resumed = await browser.open(
      new URL(signIn.searchParams.get("next") ?? "", gatehouse.url).href,
    );
    expect(resumed.headers.get("location")).toContain("/oauth/done?flow=");
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("C4 a kept callback is finished for its starter alone", async () => {
    const eve = await gatehouse.signUp();
    const started = await startOAuth(ada, serverId);
    const browser = createBrowser();
    const answer = await browser.open((await reachCallback(started.authorizationUrl)).href);
    const signIn = new URL(answer.headers.get("location") ?? "", gatehouse.url);
    browser.addCookies(eve.cookie);
    await browser.open(new URL(signIn.searchParams.get("next") ?? "", gatehouse.url).href);
    expect(await readFlow(started.flow.id)).toMatchObject({
      status: "FAILED",
      error: "WRONG_USER",
    });
  });

  it.each([
    ["success", async () => undefined],
    ["an error", async (callback: URL) => callback.searchParams.set("error", "server_error")],
    ["no code", async (callback: URL) => callback.searchParams.delete("code")],
  ])("C5 after %s the answer names the attempt", async (_, change) => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    await change(callback);
    const { headers } = await ada.open(callback.href);
    const location = new URL(headers.get("location") ?? "", gatehouse.url);
    expect(location.searchParams.get("flow")).toBe(started.flow.id);
  });

  it("C6 an attempt that ran out is expired in every reading and takes no callback", async () => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    await expire(started.flow.id);
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "EXPIRED" });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "DISCONNECTED",
      activeFlow: null,
    });
    await ada.open(callback.href);
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "EXPIRED" });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
  });

  it("C13 whoever is connected is told so, and stays connected whatever attempts are open", async () => {
    await connect(ada, serverId);
    const { startOAuth: answer } = await ada.query(
      `mutation ($id: ID!) { startOAuth(input: { serverId: $id }) {
        __typename ... on OAuthAlreadyConnected { server { oauthStatus { state reason } } } } }`,
      { id: serverId },
    );
    expect(answer).toEqual({
      __typename: "OAuthAlreadyConnected",
      server: { oauthStatus: { state: "CONNECTED", reason: null } },
    });
    // An attempt that is open, one that failed and one that was cancelled say nothing of the grant.
    await startOAuth(ada, serverId, { force: true });
    const denied = await startOAuth(ada, serverId, { force: true });
    await ada.open((await reachCallback(denied.authorizationUrl, "deny")).href);
    const cancelled = await startOAuth(ada, serverId, { force: true });
    await ada.query("mutation ($id: ID!) { cancelOAuth(flowId: $id) { id } }", {
      id: cancelled.flow.id,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });
  });

  it("C15 a consent leads to one event and one discovery, however many pages look at once", async () => {
    const { counters } = gatehouse.sandbox.traffic;
    const readTools = async (id: string): Promise<number> => {
      const { mcpServer } = await ada.query(
        "query ($id: ID!) { mcpServer(id: $id) { tools { totalCount } } }",
        { id },
      );
      return mcpServer.tools.totalCount;
    };
    const other = await createServer(ada, gatehouse.sandbox.notesUrl);
    const elsewhere = await reachCallback((await startOAuth(ada, other)).authorizationUrl);
    const before = counters.notes;
    await ada.open(elsewhere.href);
    expect(await readTools(other)).toBeGreaterThan(0);
    const requestsOfOne = counters.notes - before;
    expect(requestsOfOne).toBeGreaterThan(0);

    await using events = ada.subscribe(
      "subscription ($id: ID!) { authStateChanged(workspaceId: $id) { state server { id } } }",
      { id: ada.workspaceId },
    );
    const event = events.next();
    const { authorizationUrl } = await startOAuth(ada, serverId);
    const callback = await reachCallback(authorizationUrl);
    const atConsent = counters.notes;
    await ada.open(callback.href);
    expect((await event).value.data.authStateChanged.server.id).toBe(serverId);
    const counts = await Promise.all(Array.from({ length: 8 }, () => readTools(serverId)));
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(await readTools(serverId)).toBe(counts[0]);
    expect(counters.notes - atConsent).toBe(requestsOfOne);
    const where = {
      serverId: rowIdOf(serverId),
      type: { in: ["OAUTH_STATE_CHANGED" as const, "REAUTH_REQUIRED" as const] },
    };
    expect(await gatehouse.db.workspaceEvent.count({ where })).toBe(1);
  });

  it("C8 without any registration it says what to register", async () => {
    const fresh = await startGatehouse();
    try {
      fresh.sandbox.faults.set("no-registration");
      const bob = await fresh.signUp();
      const id = await createServer(bob, fresh.sandbox.notesUrl);
      expect(await startOAuth(bob, id)).toMatchObject({
        __typename: "OAuthClientRequired",
        issuer: fresh.sandbox.url,
        redirectUri: `${fresh.url}/oauth/callback`,
      });
    } finally {
      await fresh[Symbol.asyncDispose]();
    }
  });

  it("uses a client registered by hand, pins its issuer, and never says the secret", async () => {
    const client = await gatehouse.sandbox.registerClient({
      redirectUri: `${gatehouse.url}/oauth/callback`,
    });
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      oauthClientId: client.clientId,
      oauthClientSecret: client.clientSecret ?? null,
    });
    await connect(ada, id);
    expect(await readStatus(ada, id)).toMatchObject({
      state: "CONNECTED",
      clientRegistration: "PRE_REGISTERED",
    });
    const { mcpServer } = await ada.query(
      "query ($id: ID!) { mcpServer(id: $id) { oauthIssuer oauthClientId } }",
      { id },
    );
    expect(mcpServer).toEqual({
      oauthIssuer: gatehouse.sandbox.url,
      oauthClientId: client.clientId,
    });
  });

  it("R10 a later consent uses the registration of the first", async () => {
    await connect(ada, serverId);
    const readClients = () =>
      gatehouse.db.oAuthClient.findMany({
        where: { serverId: rowIdOf(serverId) },
        select: { clientId: true },
      });
    const registered = await readClients();
    await connect(ada, serverId);
    expect(await readClients()).toEqual(registered);
    expect(registered).toHaveLength(1);
  });

  it("MCP-AUTH-15 refuses a callback of another issuer and shows nothing of it", async () => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    callback.searchParams.set("iss", "https://elsewhere.example");
    callback.searchParams.set("error_description", "believe me");
    await ada.open(callback.href);
    expect(await readFlow(started.flow.id)).toMatchObject({
      status: "FAILED",
      error: "ISSUER_MISMATCH",
      errorDetail: null,
    });
  });

  it("cancels an attempt, whose callback then changes nothing", async () => {
    const started = await startOAuth(ada, serverId);
    const callback = await reachCallback(started.authorizationUrl);
    const { cancelOAuth } = await ada.query(
      "mutation ($id: ID!) { cancelOAuth(flowId: $id) { status } }",
      { id: started.flow.id },
    );
    expect(cancelOAuth.status).toBe("CANCELLED");
    await ada.open(callback.href);
    expect(await readFlow(started.flow.id)).toMatchObject({ status: "CANCELLED" });
  });

  it("comes back to a path of the application in REDIRECT mode, and to no other place", async () => {
    const started = await startOAuth(ada, serverId, {
      mode: "REDIRECT",
      returnTo: "/s/1?tab=tools",
    });
    const answer = await ada.consent(started.authorizationUrl);
    expect(answer.headers.get("location")).toMatch(/^\/s\/1\?tab=tools&flow=/);
    const { errors } = await ada.graphql(
      'mutation ($id: ID!) { startOAuth(input: { serverId: $id, mode: REDIRECT, returnTo: "//evil.example" }) { __typename } }',
      { id: serverId },
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fieldErrors: { returnTo: [expect.any(String)] },
    });
  });

  it("tells each step of an attempt, live, without query strings or secrets", async () => {
    const started = await startOAuth(ada, serverId);
    await using updates = ada.subscribe(
      "subscription ($id: ID!) { oauthFlowUpdated(flowId: $id) { status steps { kind } } }",
      {
        id: started.flow.id,
      },
    );
    expect((await updates.next()).value.data.oauthFlowUpdated.status).toBe("PENDING");
    const callback = await reachCallback(started.authorizationUrl);
    const [last] = await Promise.all([
      (async () => {
        let status = "";
        for await (const { data } of updates) status = data.oauthFlowUpdated.status;
        return status;
      })(),
      ada.open(callback.href),
    ]);
    expect(last).toBe("SUCCEEDED");
    const flow = await readFlow(started.flow.id);
    expect(flow.steps.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining([
        "PROBE",
        "PROTECTED_RESOURCE_METADATA",
        "CLIENT_REGISTRATION",
        "CONSENT",
        "CALLBACK",
        "TOKEN_EXCHANGE",
      ]),
    );
    const told = JSON.stringify(flow);
    for (const secret of [
      callback.searchParams.get("code"),
      callback.searchParams.get("state"),
      "?",
    ])
      expect(told).not.toContain(secret);
  });

  it("MCP-AUTH-10 says which step of discovery broke when PKCE is not supported", async () => {
    const fresh = await startGatehouse();
    try {
      fresh.sandbox.faults.set("metadata-no-pkce");
      const bob = await fresh.signUp();
      const id = await createServer(bob, fresh.sandbox.notesUrl, { authType: "OAUTH" });
      const answer = await startOAuth(bob, id);
      expect(answer).toMatchObject({
        __typename: "OAuthDiscoveryFailed",
        flow: { status: "FAILED", error: "DISCOVERY_FAILED" },
      });
      expect(answer.flow.steps.at(-1)).toMatchObject({
        kind: "AUTHORIZATION_SERVER_METADATA",
        outcome: "FAILED",
      });
    } finally {
      await fresh[Symbol.asyncDispose]();
    }
  });
});
