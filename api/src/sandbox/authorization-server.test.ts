import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { consent } from "./testing/driver.ts";
import { startSandbox, type Sandbox } from "./sandbox.ts";
import {
  connect,
  exchange,
  openMcp,
  probeMcp,
  redirectUri,
  refresh,
  registerPublicClient,
  requestTokens,
  startAttempt,
} from "./testing/test-client.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.traffic.reset());

async function readMetadata(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(sandbox.url + path)).json()) as Record<string, unknown>;
}

describe("metadata", () => {
  it.each(["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"])(
    "describes the authorization server at %s",
    async (path) => {
      const metadata = await readMetadata(path);
      expect(metadata).toMatchObject({
        issuer: sandbox.url,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        registration_endpoint: `${sandbox.url}/register`,
        revocation_endpoint: `${sandbox.url}/revoke`,
      });
      expect(metadata.scopes_supported).toContain("offline_access");
      expect(metadata).not.toHaveProperty("client_id_metadata_document_supported");
    },
  );

  it("names the authorization server of both protected resources", async () => {
    for (const url of [sandbox.notesUrl, sandbox.weatherUrl]) {
      const path = `/.well-known/oauth-protected-resource${new URL(url).pathname}`;
      expect(await readMetadata(path)).toMatchObject({
        resource: url,
        authorization_servers: [sandbox.url],
      });
    }
  });
});

describe("consent", () => {
  it("gives a code that works once, with state and iss", async () => {
    const { client_id: clientId } = await registerPublicClient(sandbox);
    const attempt = startAttempt(sandbox, { clientId });
    const { authorizationUrl } = attempt;
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "allow" });
    const callback = new URL(callbackUrl);
    expect(callback.origin + callback.pathname).toBe(redirectUri);
    expect(callback.searchParams.get("iss")).toBe(sandbox.url);
    expect(callback.searchParams.get("state")).toBe(
      new URL(authorizationUrl).searchParams.get("state"),
    );
    const tokens = await exchange(sandbox, attempt, callbackUrl);
    expect(tokens).toMatchObject({ status: 200, expires_in: 120, scope: "notes:read notes:write" });
    expect(tokens.refresh_token).toEqual(expect.any(String));
    const again = await exchange(sandbox, attempt, callbackUrl);
    expect(again).toMatchObject({ status: 400, error: "invalid_grant" });
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
  });

  it("answers access_denied, with iss, when the person says no", async () => {
    const { client_id: clientId } = await registerPublicClient(sandbox);
    const { authorizationUrl } = startAttempt(sandbox, { clientId });
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "deny" });
    const { searchParams } = new URL(callbackUrl);
    expect(searchParams.get("error")).toBe("access_denied");
    expect(searchParams.get("iss")).toBe(sandbox.url);
    expect(searchParams.has("code")).toBe(false);
  });

  it("refuses a request without PKCE, and a code with the wrong verifier", async () => {
    const { client_id: clientId } = await registerPublicClient(sandbox);
    const attempt = startAttempt(sandbox, { clientId });
    const bare = new URL(attempt.authorizationUrl);
    bare.searchParams.delete("code_challenge");
    bare.searchParams.delete("code_challenge_method");
    const refused = await consent({
      authorizationUrl: bare.href,
      login: "amy",
      decision: "allow",
    });
    expect(new URL(refused.callbackUrl).searchParams.get("error")).toBe("invalid_request");
    const { authorizationUrl } = attempt;
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "allow" });
    const forged = { ...attempt, verifier: "x".repeat(43) };
    expect(await exchange(sandbox, forged, callbackUrl)).toMatchObject({ error: "invalid_grant" });
  });

  it("refuses a resource that it does not know", async () => {
    const { client_id: clientId } = await registerPublicClient(sandbox);
    const resource = "http://127.0.0.1:1/other";
    const { authorizationUrl } = startAttempt(sandbox, { clientId, resource });
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "allow" });
    expect(new URL(callbackUrl).searchParams.get("error")).toBe("invalid_target");
  });

  it("shows a page, and goes nowhere, when the redirect URI is not the registered one", async () => {
    const { client_id: clientId } = await registerPublicClient(sandbox);
    const url = new URL(startAttempt(sandbox, { clientId }).authorizationUrl);
    url.searchParams.set("redirect_uri", "http://evil.example/callback");
    const outcome = consent({ authorizationUrl: url.href, login: "amy", decision: "allow" });
    await expect(outcome).rejects.toThrow(/redirect_uri/);
  });

  it("gives no refresh token without offline_access", async () => {
    const { tokens } = await connect(sandbox, { scope: "notes:read" });
    expect(tokens.status).toBe(200);
    expect(tokens.refresh_token).toBeUndefined();
  });

  it("records the resource of each token request", async () => {
    const { clientId } = await connect(sandbox);
    expect(sandbox.traffic.tokenRequests).toEqual([
      {
        grantType: "authorization_code",
        clientId,
        resource: sandbox.notesUrl,
        scope: undefined,
        refreshTokenMark: undefined,
        status: 200,
        receivedAtMs: expect.any(Number),
        answeredAtMs: expect.any(Number),
      },
    ]);
    expect(sandbox.traffic.counters).toMatchObject({ registrations: 1, authorizations: 1 });
  });
});

describe("clients", () => {
  it("are read, changed and deleted by their registration (RFC 7592)", async () => {
    const client = await registerPublicClient(sandbox);
    const headers = { authorization: `Bearer ${client.registration_access_token}` };
    const read = await fetch(client.registration_client_uri, { headers });
    expect(await read.json()).toMatchObject({ client_id: client.client_id });
    const deleted = await fetch(client.registration_client_uri, { method: "DELETE", headers });
    expect(deleted.status).toBe(204);
    expect(sandbox.traffic.counters.registrationDeletions).toBe(1);
    expect(await refresh(sandbox, client.client_id, "any")).toMatchObject({
      status: 401,
      error: "invalid_client",
    });
  });

  it("can be registered by hand, with a secret", async () => {
    const { clientId, clientSecret } = await sandbox.registerClient({ redirectUri });
    const attempt = startAttempt(sandbox, { clientId });
    const { authorizationUrl } = attempt;
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "allow" });
    expect(await exchange(sandbox, attempt, callbackUrl)).toMatchObject({
      error: "invalid_client",
    });
    const fields = {
      grant_type: "authorization_code",
      code: new URL(callbackUrl).searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: attempt.verifier,
    };
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
    const tokens = await requestTokens(sandbox, fields, { authorization: `Basic ${basic}` });
    expect(tokens.status).toBe(200);
    expect(sandbox.deleteClient(clientId)).toBe(true);
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
  });

  it("may be metadata documents when the sandbox is given a way to read them", async () => {
    const clientId = "https://gatehouse.example/oauth/client-metadata.json";
    await using other = await startSandbox({
      port: 0,
      fetchMetadataDocument: async () =>
        Response.json({
          client_id: clientId,
          client_name: "Gatehouse",
          redirect_uris: [redirectUri],
          application_type: "native",
          token_endpoint_auth_method: "none",
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
        }),
    });
    const metadata = await fetch(`${other.url}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ client_id_metadata_document_supported: true });
    const attempt = startAttempt(other, { clientId });
    const { authorizationUrl } = attempt;
    const { callbackUrl } = await consent({ authorizationUrl, login: "amy", decision: "allow" });
    expect(await exchange(other, attempt, callbackUrl)).toMatchObject({ status: 200 });
  });
});

describe("refresh tokens", () => {
  it("rotate, and a reused one ends the grant at the MCP server too", async () => {
    const { clientId, tokens } = await connect(sandbox);
    const second = await refresh(sandbox, clientId, tokens.refresh_token);
    expect(second).toMatchObject({ status: 200, scope: "notes:read notes:write" });
    expect(second.refresh_token).not.toBe(tokens.refresh_token);
    const client = await openMcp(sandbox.notesUrl, second.access_token);
    expect((await client.listTools()).tools).not.toHaveLength(0);
    await client.close();

    const reused = await refresh(sandbox, clientId, tokens.refresh_token);
    expect(reused).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await refresh(sandbox, clientId, second.refresh_token)).toMatchObject({
      error: "invalid_grant",
    });
    expect((await probeMcp(sandbox.notesUrl, second.access_token)).status).toBe(401);
    expect(sandbox.traffic.countTokenRequests("refresh_token")).toBe(3);
  });

  it("sent five times at once end the grant", async () => {
    const { clientId, tokens } = await connect(sandbox);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => refresh(sandbox, clientId, tokens.refresh_token)),
    );
    const good = answers.filter(({ status }) => status === 200);
    expect(good.length).toBeLessThanOrEqual(1);
    for (const { refresh_token: next } of good) {
      expect(await refresh(sandbox, clientId, next)).toMatchObject({ error: "invalid_grant" });
    }
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
  });

  it("are revoked with everything made from them (RFC 7009)", async () => {
    const { clientId, tokens } = await connect(sandbox);
    const body = new URLSearchParams({ token: tokens.refresh_token, client_id: clientId });
    const revoked = await fetch(`${sandbox.url}/revoke`, { method: "POST", body });
    expect(revoked.status).toBe(200);
    expect(sandbox.traffic.counters.revocations).toBe(1);
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
    expect(await refresh(sandbox, clientId, tokens.refresh_token)).toMatchObject({
      error: "invalid_grant",
    });
  });

  it("stay good while access tokens are expired", async () => {
    const { clientId, tokens } = await connect(sandbox);
    expect(sandbox.expireAccessTokens()).toBeGreaterThan(0);
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
    const next = await refresh(sandbox, clientId, tokens.refresh_token);
    expect((await probeMcp(sandbox.notesUrl, next.access_token)).status).not.toBe(401);
  });
});

describe("a grant", () => {
  it("is ended by endGrants for its account alone", async () => {
    const amy = await connect(sandbox, { login: "amy.ends" });
    const ben = await connect(sandbox, { login: "ben.stays" });
    expect(await sandbox.endGrants("amy.ends")).toBe(1);
    expect((await probeMcp(sandbox.notesUrl, amy.tokens.access_token)).status).toBe(401);
    expect((await probeMcp(sandbox.notesUrl, ben.tokens.access_token)).status).not.toBe(401);
    expect(await refresh(sandbox, amy.clientId, amy.tokens.refresh_token)).toMatchObject({
      error: "invalid_grant",
    });
    expect(await sandbox.endGrants("amy.ends")).toBe(0);
  });

  it("lives in one sandbox only", async () => {
    await using other = await startSandbox({ port: 0 });
    const { clientId, tokens } = await connect(sandbox);
    expect((await probeMcp(other.notesUrl, tokens.access_token)).status).toBe(401);
    expect(await refresh(other, clientId, tokens.refresh_token)).toMatchObject({
      error: "invalid_client",
    });
  });
});
