/** Regression A1, with two browsers: a consent is finished in the browser that received it, by the user who started it, or not at all. */
import { beforeEach, describe, expect } from "vitest";
import { openOwnerLinks } from "#process/owner-links.ts";
import { consent } from "#sandbox/testing/driver.ts";
import { createBrowser, type TestBrowser } from "./support/browser.ts";
import { createServer, readStatus, rowIdOf, startOAuth, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let mallory: TestUser;
let serverId: string;

it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  mallory = await gatehouse.signUp("mallory");
});
beforeEach(async () => {
  serverId = await createServer(mallory, gatehouse.sandbox.notesUrl);
});

/** The attempt that mallory started, and the callback that allowing it as `login` leads to. */
async function startAttempt(login: string) {
  const { flow, authorizationUrl } = await startOAuth(mallory, serverId);
  const { callbackUrl } = await consent({ authorizationUrl, login, decision: "allow" });
  return { flowId: String(flow.id), callbackUrl };
}

/** Delivers a callback in a browser without a session; answers where that browser is sent. */
async function deliver(browser: TestBrowser, callbackUrl: string): Promise<URL> {
  const response = await browser.open(callbackUrl);
  expect(response.status).toBe(303);
  return new URL(response.headers.get("location") ?? "", gatehouse.url);
}

const resume = async (browser: TestBrowser, path = "/oauth/resume") =>
  (await browser.open(`${gatehouse.url}${path}`)).headers.get("location");

describe("A1 a callback that arrives without a session", () => {
  it("is not finished by the user who started the attempt, in another browser, with anything that user knows", async () => {
    const { flowId, callbackUrl } = await startAttempt("victim");
    const victim = createBrowser();
    const signIn = await deliver(victim, callbackUrl);
    const attacker = createBrowser(mallory.cookie);
    const known = [flowId, rowIdOf(flowId), signIn.searchParams.get("next") ?? "", serverId];
    for (const value of known) {
      expect(await resume(attacker, `/oauth/resume?held=${encodeURIComponent(value)}`)).toBe(
        "/oauth/done?outcome=unknown",
      );
      attacker.setCookie("gatehouse.held_callback", value);
      expect(await resume(attacker)).toBe("/oauth/done?outcome=unknown");
    }
    expect(await readStatus(mallory, serverId)).not.toMatchObject({ state: "CONNECTED" });
  });

  it("is not finished by its starter's own delivery of the same state", async () => {
    const { callbackUrl } = await startAttempt("victim");
    const victim = createBrowser();
    await deliver(victim, callbackUrl);
    // What mallory can deliver has no code of the victim's; what is finished is what this browser delivered.
    const forged = new URL(callbackUrl);
    forged.searchParams.set("code", "guessed");
    const attacker = createBrowser();
    await deliver(attacker, forged.href);
    attacker.addCookies(mallory.cookie);
    await resume(attacker);
    expect(await readStatus(mallory, serverId)).not.toMatchObject({ state: "CONNECTED" });
    // The forged delivery replaced the victim's, and the victim's browser has no part in it.
    expect(await resume(victim)).toBe("/oauth/done?outcome=unknown");
  });

  it("ends as WRONG_USER when the stranger signs in where it was delivered", async () => {
    const { flowId, callbackUrl } = await startAttempt("victim");
    const victim = createBrowser();
    await deliver(victim, callbackUrl);
    victim.addCookies((await gatehouse.signUp()).cookie);
    expect(await resume(victim)).toContain("/oauth/done?flow=");
    expect(await readFlow(flowId)).toMatchObject({ status: "FAILED", error: "WRONG_USER" });
    expect(await readStatus(mallory, serverId)).not.toMatchObject({ state: "CONNECTED" });
  });

  it("is finished once its starter signs in where it was delivered, and the cookie is taken back", async () => {
    const { flowId, callbackUrl } = await startAttempt("mallory");
    const second = createBrowser();
    const signIn = await deliver(second, callbackUrl);
    expect(signIn.pathname).toBe("/sign-in");
    second.addCookies(mallory.cookie);
    expect(await resume(second, signIn.searchParams.get("next") ?? "")).toContain(
      "/oauth/done?flow=",
    );
    expect(await readFlow(flowId)).toMatchObject({ status: "SUCCEEDED" });
    expect(await readStatus(mallory, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(second.cookie("gatehouse.held_callback")).toBeNull();
  });
});

async function readFlow(id: string) {
  return (await mallory.query("query ($id: ID!) { oauthFlow(id: $id) { status error } }", { id }))
    .oauthFlow;
}

describe("A1 no id that others know opens what a link or a cookie opens", () => {
  it("a held callback", async () => {
    const { flowId, callbackUrl } = await startAttempt("mallory");
    await deliver(createBrowser(), callbackUrl);
    const row = await gatehouse.db.oAuthFlow.findUniqueOrThrow({
      where: { id: rowIdOf(flowId) },
    });
    const hash = Buffer.from(row.heldSecretHash ?? []);
    const browser = createBrowser(mallory.cookie);
    for (const value of [row.id, flowId, hash.toString("hex"), hash.toString("base64url")]) {
      browser.setCookie("gatehouse.held_callback", value);
      expect(await resume(browser)).toBe("/oauth/done?outcome=unknown");
    }
  });

  it("an invitation", async () => {
    const invite = await mallory.query(
      `mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { invitation { id } } }`,
      { input: { workspaceId: mallory.workspaceId, role: "MEMBER", email: "guest@example.com" } },
    );
    const id = String(invite.createInvitation.invitation.id);
    const guest = await gatehouse.signUp("guest");
    for (const token of [id, rowIdOf(id), mallory.workspaceId]) {
      const { data } = await guest.graphql(
        `mutation ($token: String!) { acceptInvitation(token: $token) { __typename } }`,
        { token },
      );
      expect(data?.acceptInvitation?.__typename ?? "InvitationInvalid").toBe("InvitationInvalid");
    }
  });

  it("a new password", async () => {
    const user = await gatehouse.db.user.findFirstOrThrow({ where: { email: mallory.email } });
    await gatehouse.db.verification.create({
      data: {
        id: "0199aaaa-0000-7000-8000-000000000001",
        identifier: "hashed-identifier",
        value: user.id,
        expiresAt: new Date(Date.now() + 60_000),
      },
    });
    const known = [
      user.id,
      user.email,
      "hashed-identifier",
      "0199aaaa-0000-7000-8000-000000000001",
    ];
    for (const token of known) {
      const response = await fetch(`${gatehouse.url}/api/auth/reset-password`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token, newPassword: "taken over by mallory" }),
      });
      expect(response.ok).toBe(false);
    }
  });

  it("A9 a link for the operator", async () => {
    const links = openOwnerLinks(gatehouse.db, gatehouse.url);
    const email = "operator@example.com";
    await links.createFor(email);
    const row = await gatehouse.db.ownerLink.findFirstOrThrow({ where: { email } });
    const hash = Buffer.from(row.tokenHash);
    const known = [row.id, email, hash.toString("hex"), hash.toString("base64url"), ""];
    for (const token of known) {
      const response = await fetch(`${gatehouse.url}/api/auth/sign-up/email`, {
        method: "POST",
        headers: { "content-type": "application/json", "gatehouse-owner-link": token },
        body: JSON.stringify({ name: "mallory", email, password: "taken over by mallory" }),
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "OWNER_LINK_INVALID" });
    }
    expect(await gatehouse.db.user.count({ where: { email } })).toBe(0);
  });

  it("a session or an API token", async () => {
    const ada = await gatehouse.signUp();
    const { createApiToken } = await ada.query(
      `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { apiToken { id prefix } } }`,
      { input: { workspaceId: ada.workspaceId, name: "t", scope: "READ" } },
    );
    const { id, prefix } = createApiToken.apiToken;
    const session = await gatehouse.db.session.findFirstOrThrow({
      where: { user: { email: ada.email } },
    });
    for (const value of [id, rowIdOf(id), prefix, session.id, session.userId]) {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${value}`,
          cookie: `gatehouse.session_token=${value}`,
        },
        body: JSON.stringify({ query: "{ viewer { user { id } } }" }),
      });
      const { data } = (await response.json()) as { data: { viewer: unknown } | null };
      expect(data?.viewer ?? null).toBeNull();
    }
  });
});

it("A1 knows every handle of the product", async () => {
  // A further column is a further handle: show above that nothing publicly known opens it, then name it here.
  const rows = await gatehouse.db.$queryRaw<{ name: string }[]>`
    SELECT table_name || '.' || column_name AS "name" FROM information_schema.columns
    WHERE table_schema = 'public' AND (column_name ~* 'hash$' OR column_name IN ('token', 'identifier'))
    ORDER BY table_name COLLATE "C", column_name COLLATE "C"`;
  expect(rows.map(({ name }) => name)).toEqual([
    "ApiToken.hash",
    // Of what callers choose themselves; they open nothing.
    "IdempotencyKey.keyHash",
    "IdempotencyKey.requestHash",
    "Invitation.tokenHash",
    "OAuthFlow.heldSecretHash",
    // Whoever knows a state needs its user's session too (C4).
    "OAuthFlow.stateHash",
    "OwnerLink.tokenHash",
    "Session.token",
    "Verification.identifier",
  ]);
});
