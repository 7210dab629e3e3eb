import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as known from "#oauth/known-providers.ts";
import type { HostProfile, ProviderProfile } from "#oauth/provider-profiles.ts";
import { startAtlassian } from "./counterparties/providers/atlassian.ts";
import { startBetterAuth } from "./counterparties/providers/better-auth.ts";
import { startEntra } from "./counterparties/providers/entra.ts";
import { startGitHub } from "./counterparties/providers/github.ts";
import { startGoogle } from "./counterparties/providers/google.ts";
import { startMiro } from "./counterparties/providers/miro.ts";
import { startNotion } from "./counterparties/providers/notion.ts";
import { enteredClient, type Provider } from "./counterparties/providers/provider.ts";
import { startSlack } from "./counterparties/providers/slack.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

/** The same deviations at the counterparty's own hosts: these are at loopback, and the profiles know the real ones. */
const at = (profile: HostProfile, { hosts }: Provider): HostProfile => ({ ...profile, hosts });

async function startCounterparties(resources: AsyncDisposableStack) {
  return {
    slack: resources.use(await startSlack()),
    github: resources.use(await startGitHub()),
    entra: resources.use(await startEntra()),
    google: resources.use(await startGoogle()),
    atlassian: resources.use(await startAtlassian()),
    notion: resources.use(await startNotion()),
    miro: resources.use(await startMiro()),
    betterAuth: resources.use(await startBetterAuth()),
  };
}

const resources = new AsyncDisposableStack();
let providers: Awaited<ReturnType<typeof startCounterparties>>;
let gatehouse: TestGatehouse;
let ada: TestUser;

beforeAll(async () => {
  providers = await startCounterparties(resources);
  const profiles: ProviderProfile[] = [
    at(known.slack, providers.slack),
    at(known.github, providers.github),
    at(known.entra, providers.entra),
    at(known.google, providers.google),
    at(known.atlassian, providers.atlassian),
    at(known.notion, providers.notion),
    // The sandbox is oidc-provider with paths of its own.
    {
      ...known.oidcProvider,
      endpoints: [{ authorization: "/authorize", token: "/token", registration: "/register" }],
    },
    known.betterAuth,
  ];
  gatehouse = resources.use(await startGatehouse({ profiles }));
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => resources.disposeAsync());

const enteredSettings = {
  oauthClientId: enteredClient.id,
  oauthClientSecret: enteredClient.secret,
};

/** Creates the server, goes to the consent page and comes back; answers what was seen on the way. */
async function connectTo({ mcpUrl }: Provider, settings: object) {
  const serverId = await createServer(ada, mcpUrl, settings);
  const { authorization, flowId } = await consentTo(serverId);
  return { serverId, authorization, flowId };
}

async function consentTo(serverId: string) {
  const started = await startOAuth(ada, serverId, { force: true });
  if (started.__typename !== "OAuthStarted") throw new Error(JSON.stringify(started));
  const page = await fetch(started.authorizationUrl, { redirect: "manual" });
  const location = page.headers.get("location");
  if (location === null) throw new Error(`no consent: ${await page.text()}`);
  const landed = await ada.open(location);
  expect(landed.status).toBe(303);
  expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
  return {
    authorization: new URL(started.authorizationUrl).searchParams,
    flowId: started.flow.id as string,
  };
}

async function readSteps(flowId: string): Promise<string[]> {
  const { oauthFlow } = await ada.query(
    "query ($id: ID!) { oauthFlow(id: $id) { steps { kind outcome detail } } }",
    { id: flowId },
  );
  return oauthFlow.steps.map(({ detail }: { detail: string | null }) => detail ?? "");
}

const readRow = (serverId: string) =>
  gatehouse.db.oAuthGrant.findFirstOrThrow({ where: { serverId: rowIdOf(serverId) } });

/** The profile is told in a step and kept with the attempt and the grant. */
async function expectProfile(serverId: string, flowId: string, name: string, deviations: string) {
  const steps = await readSteps(flowId);
  expect(steps.filter((detail) => detail.startsWith("Provider profile:"))).toEqual([
    expect.stringContaining(`Provider profile: ${name} (${deviations}).`),
  ]);
  const flow = await gatehouse.db.oAuthFlow.findUniqueOrThrow({ where: { id: rowIdOf(flowId) } });
  const profiles = [flow.profile, (await readRow(serverId)).profile];
  expect(profiles).toEqual([name, name]);
}

/** As if the token's time were up: Gatehouse knows it, and the server refuses it. */
async function runOut(serverId: string, provider: Pick<Provider, "book">): Promise<void> {
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000), refreshRetryAt: null },
  });
  provider.book.expireAccessTokens();
}

const greet = (serverId: string) => executeTool(ada, serverId, "greet");
const worked = { __typename: "ToolExecuted", execution: { status: "SUCCEEDED" } };
const stopped = (reason: string) => ({ __typename: "ReauthRequired", reason });

/** Runs, expires, is refreshed, runs again, ends at the provider, and asks for a person once. */
async function live(serverId: string, provider: Provider) {
  expect(await greet(serverId)).toMatchObject(worked);
  await runOut(serverId, provider);
  expect(await greet(serverId)).toMatchObject(worked);
  await runOut(serverId, provider);
  provider.book.endAllGrants();
  expect(await greet(serverId)).toMatchObject(stopped("GRANT_INVALID"));
  expect(await readStatus(ada, serverId)).toMatchObject({
    state: "REAUTH_REQUIRED",
    reason: "GRANT_INVALID",
  });
  const asked = provider.tokenRequests().length;
  expect(await greet(serverId)).toMatchObject(stopped("GRANT_INVALID"));
  // R8: a dead grant costs no further request.
  expect(provider.tokenRequests()).toHaveLength(asked);
}

const grantTypes = (provider: Provider) =>
  provider.tokenRequests().map(({ form }) => form.get("grant_type"));

describe("Slack", () => {
  it("R8 user_scope, nested tokens, ok:false with 200", async () => {
    const { slack } = providers;
    const { serverId, authorization, flowId } = await connectTo(slack, enteredSettings);
    expect(authorization.get("user_scope")).toBe("search:read chat:write");
    expect(authorization.has("scope")).toBe(false);
    await expectProfile(
      serverId,
      flowId,
      "Slack",
      "issuer-elsewhere, user-scope, nested-token, token-types, comma-scopes, error-codes",
    );
    expect(await readStatus(ada, serverId)).toMatchObject({
      issuer: slack.otherOrigin,
      grantedScopes: ["search:read", "chat:write"],
      renewable: true,
    });
    await live(serverId, slack);
    expect(grantTypes(slack)).toEqual(["authorization_code", "refresh_token", "refresh_token"]);
  });

  it("C8 without a client of its own, the person is told to register one", async () => {
    const serverId = await createServer(ada, providers.slack.mcpUrl);
    expect(await startOAuth(ada, serverId)).toMatchObject({
      __typename: "OAuthClientRequired",
      redirectUri: `${gatehouse.url}/oauth/callback`,
    });
  });

  it("R9 a client that Slack does not know is broken, not the grant", async () => {
    const { slack } = providers;
    const { serverId } = await connectTo(slack, enteredSettings);
    const grant = await readRow(serverId);
    await gatehouse.db.oAuthClient.update({
      where: { id: grant.clientId ?? "" },
      data: { clientId: "deleted" },
    });
    await runOut(serverId, slack);
    expect(await greet(serverId)).toMatchObject(stopped("CLIENT_INVALID"));
  });
});

describe("GitHub", () => {
  it("R11 a token that never expires is used until it is refused", async () => {
    const { github } = providers;
    github.setExpiring(false);
    const { serverId, flowId } = await connectTo(github, enteredSettings);
    await expectProfile(
      serverId,
      flowId,
      "GitHub",
      "comma-scopes, error-codes, authentication-methods",
    );
    expect(await readStatus(ada, serverId)).toMatchObject({
      accessTokenExpiresAt: null,
      renewable: false,
      grantedScopes: ["repo", "read:org"],
    });
    expect(await greet(serverId)).toMatchObject(worked);
    expect(grantTypes(github)).toEqual(["authorization_code"]);
    // R16: in the body, as GitHub takes it, though its metadata leaves the default of RFC 8414.
    const [exchange] = github.tokenRequests();
    expect(exchange?.form.get("client_secret")).toBe(enteredClient.secret);
    expect(exchange?.headers.has("authorization")).toBe(false);
  });

  it("R8 bad_refresh_token with 200 is a dead grant", async () => {
    const { github } = providers;
    github.setExpiring(true);
    const { serverId } = await connectTo(github, enteredSettings);
    await live(serverId, github);
  });
});

describe("Entra", () => {
  it("MCP-AUTH-10 MCP-AUTH-11 no resource, PKCE unlisted but sent, no prompt", async () => {
    const { entra } = providers;
    const { serverId, authorization, flowId } = await connectTo(entra, enteredSettings);
    expect(authorization.has("resource")).toBe(false);
    expect(authorization.has("prompt")).toBe(false);
    expect(authorization.get("code_challenge_method")).toBe("S256");
    expect(authorization.get("scope")).toBe("api://example/.default offline_access");
    await expectProfile(
      serverId,
      flowId,
      "Entra",
      "no-resource-parameter, pkce-unlisted, no-consent-prompt",
    );
    expect(await readSteps(flowId)).toContain(
      "PKCE is used, although the metadata does not list it as supported.",
    );
    await live(serverId, entra);
    const refreshes = entra
      .tokenRequests()
      .filter(({ form }) => form.get("grant_type") === "refresh_token");
    expect(refreshes).toHaveLength(2);
    for (const { form } of refreshes) {
      expect([form.has("resource"), form.has("scope")]).toEqual([false, false]);
    }
  });
});

describe("Google and Miro", () => {
  it("D3 MCP-AUTH-5 lists its tools openly, and its issuer with a slash", async () => {
    const { google } = providers;
    const { serverId, authorization, flowId } = await connectTo(google, enteredSettings);
    expect(authorization.get("access_type")).toBe("offline");
    expect(authorization.getAll("prompt")).toEqual(["consent"]);
    await expectProfile(
      serverId,
      flowId,
      "Google",
      "issuer-trailing-slash, authorization-parameters",
    );
    expect(await readStatus(ada, serverId)).toMatchObject({
      issuer: google.origin,
      renewable: true,
    });
    await live(serverId, google);
    // MCP-AUTH-9: the client is pinned to the issuer as its metadata names it, and is found by it again.
    await consentTo(serverId);
    expect(await greet(serverId)).toMatchObject(worked);
  });

  it("D3 a server with open tools is known as one with OAuth before anything is called", async () => {
    const { google } = providers;
    const serverId = await createServer(ada, google.mcpUrl, enteredSettings);
    const { mcpServer } = await ada.query("query ($id: ID!) { mcpServer(id: $id) { authType } }", {
      id: serverId,
    });
    expect(mcpServer.authType).toBe("OAUTH");
    expect(await greet(serverId)).toMatchObject(stopped("NOT_CONNECTED"));
  });

  it("D3 a server that published nothing raises the state by its 401 at tools/call", async () => {
    const { miro } = providers;
    miro.hidden.add("/.well-known/oauth-protected-resource/mcp");
    miro.hidden.add("/.well-known/oauth-authorization-server");
    const serverId = await createServer(ada, miro.mcpUrl);
    const read = async () =>
      (
        await ada.query(
          "query ($id: ID!) { mcpServer(id: $id) { authType oauthStatus { state reason } } }",
          { id: serverId },
        )
      ).mcpServer;
    expect(await read()).toMatchObject({
      authType: "NONE",
      oauthStatus: { state: "NOT_REQUIRED" },
    });
    miro.hidden.clear();
    expect(await greet(serverId)).toMatchObject(stopped("NOT_CONNECTED"));
    expect(await read()).toMatchObject({
      authType: "OAUTH",
      oauthStatus: { state: "DISCONNECTED", reason: "NOT_CONNECTED" },
    });
    await consentTo(serverId);
    // Its refresh token ends by itself after some hours.
    await live(serverId, miro);
  });
});

describe("Atlassian", () => {
  it("MCP-AUTH-5 discovery at the origin, whose metadata names the other host", async () => {
    const { atlassian } = providers;
    const { serverId, flowId } = await connectTo(atlassian, {});
    await expectProfile(serverId, flowId, "Atlassian", "issuer-elsewhere");
    expect(await readSteps(flowId)).toContain(
      `The metadata names ${atlassian.otherOrigin}, which the profile Atlassian allows.`,
    );
    expect(await readStatus(ada, serverId)).toMatchObject({ issuer: atlassian.otherOrigin });
    await live(serverId, atlassian);
    // Asked to consent again, the person does, through the client that was registered before (R10).
    await consentTo(serverId);
    expect(await greet(serverId)).toMatchObject(worked);
    expect(atlassian.received.filter(({ path }) => path === "/v1/register")).toHaveLength(1);
  });
});

describe("Notion", () => {
  it("R16 one way of client authentication in each request", async () => {
    const { notion } = providers;
    const { serverId, flowId } = await connectTo(notion, {});
    await expectProfile(serverId, flowId, "Notion", "no deviations");
    await live(serverId, notion);
    for (const { headers, form } of notion.tokenRequests()) {
      expect(headers.get("authorization")).toMatch(/^Basic /);
      expect([form.has("client_id"), form.has("client_secret")]).toEqual([false, false]);
    }
  });

  it("R1 forty calls at once do not use a refresh token twice", async () => {
    const { notion } = providers;
    const { serverId } = await connectTo(notion, {});
    expect(await greet(serverId)).toMatchObject(worked);
    await runOut(serverId, notion);
    const before = notion.tokenRequests().length;
    const answers = await Promise.all(Array.from({ length: 40 }, () => greet(serverId)));
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(["ToolExecuted"]));
    expect(notion.tokenRequests()).toHaveLength(before + 1);
  });
});

describe("better-auth", () => {
  it("MCP-AUTH-4 MCP-AUTH-8 an issuer with a path, and a loopback callback registered as native", async () => {
    const { betterAuth } = providers;
    const { serverId, authorization, flowId } = await connectTo(betterAuth, {});
    await expectProfile(serverId, flowId, "better-auth", "no deviations");
    expect(authorization.get("scope")).toBe("openid offline_access");
    const registrations = betterAuth.received.filter(({ path }) => path.endsWith("/register"));
    expect(registrations.map(({ text }) => JSON.parse(text).application_type)).toEqual(["native"]);
    await live(serverId, betterAuth);
  });

  it("R7 an answer that was lost is asked for again within the replay window", async () => {
    const { betterAuth } = providers;
    const { serverId } = await connectTo(betterAuth, {});
    await runOut(serverId, betterAuth);
    betterAuth.loseNextAnswer();
    expect(await greet(serverId)).toMatchObject({ __typename: "ServerUnreachable" });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    await runOut(serverId, betterAuth);
    expect(await greet(serverId)).toMatchObject(worked);
  });

  it("R8 after the replay window the same loss ends the grant", async () => {
    const { betterAuth } = providers;
    const { serverId } = await connectTo(betterAuth, {});
    await runOut(serverId, betterAuth);
    betterAuth.loseNextAnswer();
    expect(await greet(serverId)).toMatchObject({ __typename: "ServerUnreachable" });
    betterAuth.closeReplayWindow();
    await runOut(serverId, betterAuth);
    expect(await greet(serverId)).toMatchObject(stopped("GRANT_INVALID"));
  });
});

describe("oidc-provider", () => {
  it("MCP-AUTH-13 asks for offline_access with prompt=consent, and so gets a refresh token", async () => {
    const { sandbox } = gatehouse;
    const serverId = await createServer(ada, sandbox.notesUrl);
    const started = await startOAuth(ada, serverId);
    const authorization = new URL(started.authorizationUrl).searchParams;
    expect(authorization.get("scope")?.split(" ")).toContain("offline_access");
    expect(authorization.getAll("prompt")).toEqual(["consent"]);
    await ada.consent(started.authorizationUrl);
    await expectProfile(serverId, started.flow.id, "oidc-provider", "no deviations");
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", renewable: true });

    const book = {
      ...providers.notion.book,
      expireAccessTokens: () => void sandbox.expireAccessTokens(),
    };
    const list = () => executeTool(ada, serverId, "list_notes");
    expect(await list()).toMatchObject(worked);
    await runOut(serverId, { book });
    expect(await list()).toMatchObject(worked);
    await runOut(serverId, { book });
    await sandbox.endGrants("Ada");
    expect(await list()).toMatchObject(stopped("GRANT_INVALID"));
  });
});

it("MCP-AUTH-5 MCP-AUTH-10 without its profile a provider is held to the rules", async () => {
  const strict = await startGatehouse({ profiles: [] });
  try {
    const eve = await strict.signUp("Eve");
    const start = async (provider: Provider) =>
      startOAuth(eve, await createServer(eve, provider.mcpUrl, enteredSettings));
    // A slash at the end is accepted from everybody (I16).
    expect(await start(providers.google)).toMatchObject({ __typename: "OAuthStarted" });
    const { message } = await start(providers.entra);
    expect(message).toBe("The authorization server does not list support for PKCE with S256.");
    expect((await start(providers.slack)).message).toMatch(/names another issuer/);
  } finally {
    await strict[Symbol.asyncDispose]();
  }
});

it("consents at the sandbox go on without any profile", async () => {
  const serverId = await createServer(ada, gatehouse.sandbox.weatherUrl);
  await connect(ada, serverId);
  expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
});
