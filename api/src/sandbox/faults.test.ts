import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { consent } from "./testing/driver.ts";
import { startSandbox, type FaultName, type Sandbox } from "./sandbox.ts";
import { connect, postJson, probeMcp, refresh, startAttempt } from "./testing/test-client.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.traffic.reset());
afterEach(() => sandbox.faults.clear());

async function readMetadata() {
  const answer = await fetch(`${sandbox.url}/.well-known/oauth-authorization-server`);
  return (await answer.json()) as Record<string, unknown>;
}

async function readCallback(name: FaultName, decision: "allow" | "deny") {
  const { clientId } = await connect(sandbox);
  sandbox.faults.set(name);
  const { authorizationUrl } = startAttempt(sandbox, { clientId });
  const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision });
  return new URL(callbackUrl).searchParams;
}

describe("token endpoint", () => {
  it("answers 503 as often as it is told, and leaves the refresh token good", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("token-endpoint-503", { times: 1 });
    expect((await refresh(sandbox, clientId, tokens.refresh_token)).status).toBe(503);
    expect((await refresh(sandbox, clientId, tokens.refresh_token)).status).toBe(200);
    expect(sandbox.traffic.countTokenRequests("refresh_token")).toBe(2);
    expect(sandbox.traffic.countTokenRequests()).toBe(3);
  });

  it("says how long each refresh token lives", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("tokens-state-refresh-lifetime");
    const answer = await refresh(sandbox, clientId, tokens.refresh_token);
    expect(answer).toMatchObject({ status: 200, refresh_token_expires_in: 21_600 });
  });

  it("answers HTML", async () => {
    sandbox.faults.set("token-endpoint-html");
    const answer = await fetch(`${sandbox.url}/token`, { method: "POST", body: "" });
    expect(answer.headers.get("content-type")).toContain("text/html");
  });

  it("hangs until the fault is cleared, and never uses the refresh token", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("token-endpoint-hangs");
    const hanging = refresh(sandbox, clientId, tokens.refresh_token);
    await sandbox.faults.reached("token-endpoint-hangs");
    expect(sandbox.traffic.countTokenRequests("refresh_token")).toBe(1);
    sandbox.faults.clear("token-endpoint-hangs");
    await expect(hanging).rejects.toThrow();
    expect((await refresh(sandbox, clientId, tokens.refresh_token)).status).toBe(200);
  });

  it("holds the answer to a refresh until the fault is cleared, and has used the refresh token up", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("refresh-answer-held", { times: 1 });
    const held = refresh(sandbox, clientId, tokens.refresh_token);
    await sandbox.faults.reached("refresh-answer-held");
    expect(sandbox.traffic.countTokenRequests("refresh_token")).toBe(0);
    sandbox.faults.clear("refresh-answer-held");
    expect((await held).status).toBe(200);
    expect((await refresh(sandbox, clientId, tokens.refresh_token)).status).toBe(400);
    const [first, again] = sandbox.traffic.tokenRequests.slice(-2);
    expect(first?.refreshTokenMark).toBeDefined();
    expect(again?.refreshTokenMark).toBe(first?.refreshTokenMark);
  });

  it("drops the connection before it uses the refresh token", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("token-endpoint-drops-connection", { times: 1 });
    await expect(refresh(sandbox, clientId, tokens.refresh_token)).rejects.toThrow();
    expect((await refresh(sandbox, clientId, tokens.refresh_token)).status).toBe(200);
  });

  it("loses the answer after it used the refresh token up", async () => {
    const { clientId, tokens } = await connect(sandbox);
    sandbox.faults.set("token-endpoint-loses-answer", { times: 1 });
    await expect(refresh(sandbox, clientId, tokens.refresh_token)).rejects.toThrow();
    const again = await refresh(sandbox, clientId, tokens.refresh_token);
    expect(again).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it.each([
    ["refresh-omits-refresh-token", "refresh_token"],
    ["refresh-omits-expires-in", "expires_in"],
    ["refresh-omits-scope", "scope"],
  ] as const)("%s: only from answers to a refresh", async (name, member) => {
    sandbox.faults.set(name);
    const { clientId, tokens } = await connect(sandbox);
    expect(tokens).toHaveProperty(member);
    const next = await refresh(sandbox, clientId, tokens.refresh_token);
    expect(next.status).toBe(200);
    expect(next).not.toHaveProperty(member);
  });
});

describe("metadata", () => {
  it("offers no registration", async () => {
    sandbox.faults.set("no-registration");
    expect(await readMetadata()).not.toHaveProperty("registration_endpoint");
    expect((await postJson(`${sandbox.url}/register`, {})).status).toBe(404);
    sandbox.faults.clear("no-registration");
    expect(await readMetadata()).toHaveProperty("registration_endpoint");
  });

  it("offers no revocation", async () => {
    sandbox.faults.set("no-revocation");
    expect(await readMetadata()).not.toHaveProperty("revocation_endpoint");
    sandbox.faults.clear("no-revocation");
    expect(await readMetadata()).toHaveProperty("revocation_endpoint");
  });

  it("names another issuer", async () => {
    sandbox.faults.set("metadata-wrong-issuer");
    expect(await readMetadata()).toMatchObject({ issuer: "https://other.example" });
  });

  it("lists no PKCE methods", async () => {
    sandbox.faults.set("metadata-no-pkce");
    expect(await readMetadata()).not.toHaveProperty("code_challenge_methods_supported");
  });

  it("hangs until it is cleared", async () => {
    sandbox.faults.set("metadata-hangs");
    const hanging = readMetadata();
    await sandbox.faults.reached("metadata-hangs");
    sandbox.faults.clear();
    await expect(hanging).rejects.toThrow();
  });
});

describe("callback", () => {
  it.each(["allow", "deny"] as const)("without iss when the person says %s", async (decision) => {
    const parameters = await readCallback("callback-without-iss", decision);
    expect(parameters.has("iss")).toBe(false);
    expect(parameters.has("state")).toBe(true);
  });

  it("with somebody else's iss", async () => {
    const parameters = await readCallback("callback-wrong-iss", "allow");
    expect(parameters.get("iss")).toBe("https://other.example");
    expect(parameters.has("code")).toBe(true);
  });
});

it("answers good tokens 401 or 503 at the MCP server", async () => {
  const { tokens } = await connect(sandbox);
  sandbox.faults.set("mcp-401", { times: 1 });
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
  sandbox.faults.set("mcp-503", { times: 1 });
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(503);
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(200);
  expect(sandbox.traffic.counters).toMatchObject({ notes: 3, unauthorized: 1 });
});

it("refuses revocations for a while", async () => {
  const { clientId, tokens } = await connect(sandbox);
  sandbox.faults.set("revocation-503", { times: 1 });
  const body = new URLSearchParams({ token: tokens.refresh_token, client_id: clientId });
  const revoke = () => fetch(`${sandbox.url}/revoke`, { method: "POST", body });
  expect((await revoke()).status).toBe(503);
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(200);
  expect((await revoke()).status).toBe(200);
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
});

it("hangs at a revocation until it is cleared, and revokes nothing", async () => {
  const { clientId, tokens } = await connect(sandbox);
  sandbox.faults.set("revocation-hangs");
  const body = new URLSearchParams({ token: tokens.refresh_token, client_id: clientId });
  const hanging = fetch(`${sandbox.url}/revoke`, { method: "POST", body });
  await sandbox.faults.reached("revocation-hangs");
  sandbox.faults.clear();
  await expect(hanging).rejects.toThrow();
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(200);
});

it("does not delete a registration for a while, and does register", async () => {
  const { clientId } = await connect(sandbox);
  sandbox.faults.set("registration-deletion-503", { times: 1 });
  const remove = () => fetch(`${sandbox.url}/register/${clientId}`, { method: "DELETE" });
  expect((await remove()).status).toBe(503);
  // Without its registration access token.
  expect((await remove()).status).not.toBe(503);
  expect((await connect(sandbox)).clientId).not.toBe(clientId);
});
