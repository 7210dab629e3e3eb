import { describe, expect, it } from "vitest";
import type { Fetch } from "./ports.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { noKey, signTestAssertion } from "./testing/assertion.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";
import { advanceUntil, createTestWorld, grantId } from "./testing/world.ts";
import { requestClientToken } from "./token-exchange.ts";

const client = {
  clientId: "c",
  clientSecret: "the-secret",
  tokenEndpointAuthMethod: "client_secret_post",
  ...noKey,
};

async function request(
  answer: () => Response,
  options: Partial<Parameters<typeof requestClientToken>[0]> = {},
) {
  const bodies: URLSearchParams[] = [];
  const fetch: Fetch = async (_input, init = {}) => {
    bodies.push(new URLSearchParams(String(init.body)));
    return answer();
  };
  const steps: Step[] = [];
  const outcome = await requestClientToken({
    tokenEndpoint: "https://as.example/token",
    issuer: "https://as.example",
    client,
    signAssertion: signTestAssertion,
    scopes: ["read", "write"],
    resource: "https://mcp.example/mcp",
    supportedAuthMethods: ["client_secret_basic"],
    fetch,
    steps: createStepRecorder({ onStep: (step) => steps.push(step), clock: createVirtualTime() }),
    ...options,
  });
  return { outcome, bodies: bodies.map((body) => Object.fromEntries(body)), steps };
}

const tokens = () => Response.json({ access_token: "at", token_type: "Bearer", expires_in: 60 });
const refusal = (error: string, status = 400) => Response.json({ error }, { status });

describe("requestClientToken (RFC 6749 §4.4)", () => {
  it("MCP-AUTH-11 sends grant type, scopes and resource, once, and one authentication", async () => {
    const { bodies, steps } = await request(tokens);
    expect(bodies).toEqual([
      {
        grant_type: "client_credentials",
        scope: "read write",
        resource: "https://mcp.example/mcp",
        client_id: "c",
        client_secret: "the-secret",
      },
    ]);
    expect(steps).toMatchObject([{ kind: "TOKEN_EXCHANGE", outcome: "OK", httpStatus: 200 }]);
    const bare = await request(tokens, { scopes: [], resource: null });
    expect(bare.bodies[0]).not.toHaveProperty("scope");
    expect(bare.bodies[0]).not.toHaveProperty("resource");
  });

  it("keeps no refresh token (RFC 6749 §4.4.3)", async () => {
    const { outcome } = await request(() =>
      Response.json({ access_token: "at", token_type: "Bearer", refresh_token: "rt" }),
    );
    expect(outcome).toMatchObject({ kind: "tokens", tokens: { refreshToken: null } });
  });

  it("C7 tells a refusal without what was sent, and sends nothing that cannot be authenticated", async () => {
    const description = "the-secret of c is wrong";
    const { outcome, steps } = await request(() =>
      Response.json({ error: "invalid_client", error_description: description }, { status: 401 }),
    );
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "invalid_client" });
    expect(JSON.stringify([outcome, steps])).not.toContain("the-secret");
    const none = await request(tokens, { client: { ...client, clientSecret: null } });
    expect(none.bodies).toEqual([]);
    expect(none.outcome.kind).toBe("failed");
    expect(none.steps).toMatchObject([{ kind: "TOKEN_EXCHANGE", outcome: "FAILED" }]);
  });
});

/** A grant of the workspace's own: no refresh token, and run out. */
function createWorld(expiresInMs = 0) {
  return createTestWorld({
    grant: {
      grantType: "CLIENT_CREDENTIALS",
      refreshToken: null,
      requestedScopes: ["read", "write"],
      expiresInMs,
      client: {
        id: "client-row-1",
        clientId: "client-1",
        clientSecret: "s",
        tokenEndpointAuthMethod: "client_secret_post",
        ...noKey,
      },
    },
  });
}

const next = () =>
  Response.json({ access_token: "access-next", token_type: "Bearer", expires_in: 3600 });

describe("refresh of the workspace's own grant", () => {
  it("R1 asks anew with the same scopes and resource, once for all callers", async () => {
    const { endpoint, startProcess, grants } = createWorld();
    endpoint.answerNext(next);
    const [one, two] = [startProcess(), startProcess()];
    const answers = await Promise.all([one.ask(), one.ask(), two.ask()]);
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: "token", accessToken: "access-next" });
    expect(endpoint.bodies.map((body) => Object.fromEntries(body))).toEqual([
      {
        grant_type: "client_credentials",
        scope: "read write",
        resource: "https://mcp.example/mcp",
        client_id: "client-1",
        client_secret: "s",
      },
    ]);
    expect(grants.deaths).toEqual([]);
  });

  it("refreshes a token that a 401 refused, and one that is due", async () => {
    const { endpoint, startProcess, time } = createWorld(3_600_000);
    const { ask } = startProcess();
    endpoint.answerNext(next);
    expect(await ask({ rejected: "access-0" })).toMatchObject({ accessToken: "access-next" });
    await time.advance(3_590_000);
    endpoint.answerNext(next);
    await ask();
    expect(endpoint.bodies).toHaveLength(2);
  });

  it.each([
    ["invalid_client", "CLIENT_INVALID"],
    ["unauthorized_client", "CLIENT_INVALID"],
    ["invalid_grant", "GRANT_INVALID"],
  ])("R9 %s ends it as %s, never as NO_REFRESH_TOKEN", async (error, reason) => {
    const { endpoint, startProcess, grants } = createWorld();
    endpoint.answerNext(() => refusal(error));
    expect(await startProcess().ask()).toEqual({ kind: "dead", reason });
    expect(grants.deaths).toEqual([{ grantId, reason }]);
  });

  it("R7 trouble at the authorization server keeps it", async () => {
    const { endpoint, startProcess, grants, time } = createWorld();
    const { ask } = startProcess();
    endpoint.answerNext(() => refusal("temporarily_unavailable", 503));
    expect(await ask()).toMatchObject({ kind: "transient" });
    expect(grants.deaths).toEqual([]);
    await time.advance(60_000);
    endpoint.answerNext(next);
    expect(await ask()).toMatchObject({ accessToken: "access-next" });
  });

  it("a lease in doubt is harmless: credentials are not used up, and no refusal is REFRESH_INTERRUPTED", async () => {
    const { endpoint, startProcess, time } = createWorld();
    const held = endpoint.holdNext();
    const victim = startProcess();
    void victim.ask();
    await held.arrived;
    victim.kill();
    endpoint.answerNext(() => refusal("invalid_grant"));
    const second = startProcess();
    expect(await advanceUntil(time, second.ask(), 60_000)).toEqual({
      kind: "dead",
      reason: "GRANT_INVALID",
    });
    expect(second.reports).toMatchObject([{ inDoubt: true, reason: "GRANT_INVALID" }]);
  });
});
