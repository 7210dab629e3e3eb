import { afterAll, describe, expect } from "vitest";
import { type MarkedCounterparty, startMarked } from "./counterparties/marked.ts";
import { challenge, type Parts } from "./counterparties/protected.ts";
import { createServer, rowIdOf, startOAuth, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
const started: MarkedCounterparty[] = [];

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
afterAll(async () => {
  await Promise.all(started.map((counterparty) => counterparty.close()));
});

interface ShownStep {
  kind: string;
  outcome: string;
  url: string | null;
  httpStatus: number | null;
  durationMs: number | null;
  detail: string | null;
  at: string;
}

async function readSteps(flowId: string): Promise<ShownStep[]> {
  const { oauthFlow } = await ada.query(
    "query ($id: ID!) { oauthFlow(id: $id) { steps { kind outcome url httpStatus durationMs detail at } } }",
    { id: flowId },
  );
  return oauthFlow.steps;
}

/** A server whose URL hides a key, and an attempt at it. */
async function begin(mark: string, changes?: Partial<Parts>) {
  const server = await startMarked(mark, changes);
  started.push(server);
  const serverId = await createServer(ada, `${server.url}?key=${mark}-query`, {
    authType: "OAUTH",
  });
  return { server, serverId, attempt: await startOAuth(ada, serverId) };
}

const noAnswer = { outcome: "FAILED", httpStatus: null, durationMs: expect.any(Number) };

describe("the steps of an attempt", () => {
  it("name every exchange of a whole consent, with status and duration, and no secret", async () => {
    const mark = "marked1";
    const { server, attempt } = await begin(mark);
    const asked = new URL(attempt.authorizationUrl).searchParams;
    await ada.open(server.approve(attempt.authorizationUrl));
    const flowId = attempt.flow.id;
    await expect
      .poll(async () => (await readSteps(flowId)).at(-1)?.kind, { timeout: 30_000 })
      .toBe("TOOL_DISCOVERY");

    const steps = await readSteps(flowId);
    const { origin } = server;
    expect(
      steps.map(({ kind, outcome, url, httpStatus }) => [kind, outcome, url, httpStatus]),
    ).toEqual([
      ["PROBE", "OK", `${origin}/mcp`, 401],
      [
        "PROTECTED_RESOURCE_METADATA",
        "OK",
        `${origin}/.well-known/oauth-protected-resource/mcp`,
        200,
      ],
      // Read when the server was added.
      ["AUTHORIZATION_SERVER_METADATA", "SKIPPED", `${origin}/`, null],
      ["CLIENT_REGISTRATION", "OK", `${origin}/register`, 201],
      ["CONSENT", "OK", `${origin}/authorize`, null],
      ["CALLBACK", "OK", `${gatehouse.url}/oauth/callback`, null],
      ["TOKEN_EXCHANGE", "OK", `${origin}/token`, 200],
      ["TOOL_DISCOVERY", "OK", `${origin}/mcp`, 200],
    ]);
    for (const { kind, httpStatus, durationMs, at } of steps) {
      if (httpStatus === null && kind !== "CONSENT") expect(durationMs).toBeNull();
      else expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(Date.parse(at)).not.toBeNaN();
    }

    const stored = await gatehouse.db.oAuthFlow.findUniqueOrThrow({
      where: { id: rowIdOf(flowId) },
    });
    const exchange = server.received.find(({ url }) => url === "/token")?.body ?? "";
    const verifier = new URLSearchParams(exchange).get("code_verifier");
    for (const told of [JSON.stringify(steps), JSON.stringify(stored.steps)]) {
      for (const secret of [mark, "?", asked.get("state"), verifier]) {
        expect(secret).toBeTruthy();
        expect(told).not.toContain(secret);
      }
    }
  });

  it.each([
    ["access_denied", "Not today", "access_denied: Not today"],
    ["server_error", null, "server_error"],
    ["made_up", "marked-description", "AUTHORIZATION_SERVER_ERROR"],
  ])("name the callback that brought %s", async (error, description, detail) => {
    const { server, attempt } = await begin(`denied-${error}`);
    const callback = new URL(server.approve(attempt.authorizationUrl));
    callback.searchParams.delete("code");
    callback.searchParams.set("error", error);
    if (description) callback.searchParams.set("error_description", description);
    await ada.open(callback.href);
    const steps = await readSteps(attempt.flow.id);
    expect(steps.slice(-2)).toMatchObject([
      {
        kind: "CONSENT",
        outcome: "FAILED",
        url: `${server.origin}/authorize`,
        httpStatus: null,
        durationMs: expect.any(Number),
      },
      {
        kind: "CALLBACK",
        outcome: "FAILED",
        url: `${gatehouse.url}/oauth/callback`,
        httpStatus: null,
        detail,
      },
    ]);
    expect(JSON.stringify(steps)).not.toContain("marked-description");
  });

  it("name how long the person was away, by the database's clock and without what came before", async () => {
    const { server, attempt } = await begin("marked7");
    const where = { id: rowIdOf(attempt.flow.id) };
    // As if the attempt had begun a minute ago, of which looking around took twenty seconds.
    const { startedAt, steps: taken } = await gatehouse.db.oAuthFlow.findUniqueOrThrow({ where });
    const [first, ...others] = taken as object[];
    const began = new Date(startedAt.getTime() - 60_000);
    const slow = { ...first, at: new Date(startedAt.getTime() - 20_000).toISOString() };
    await gatehouse.db.oAuthFlow.update({
      where,
      data: { startedAt: began, steps: [slow, ...others] },
    });
    await ada.open(server.approve(attempt.authorizationUrl));
    const consent = (await readSteps(attempt.flow.id)).find(({ kind }) => kind === "CONSENT");
    expect(consent?.durationMs).toBeGreaterThan(35_000);
    expect(consent?.durationMs).toBeLessThan(60_000);
  });

  it("name a token exchange that was refused, without what the answer repeats", async () => {
    const mark = "marked2";
    const { server, attempt } = await begin(mark);
    const callback = new URL(server.approve(attempt.authorizationUrl));
    callback.searchParams.set("code", `${mark}-other`);
    await ada.open(callback.href);
    await expect
      .poll(async () => (await readSteps(attempt.flow.id)).at(-1)?.kind)
      .toBe("TOKEN_EXCHANGE");
    const steps = await readSteps(attempt.flow.id);
    expect(steps.at(-1)).toMatchObject({
      outcome: "FAILED",
      httpStatus: 400,
      durationMs: expect.any(Number),
      detail: expect.stringContaining("invalid_grant"),
    });
    expect(JSON.stringify(steps)).not.toContain(mark);
  });

  it("name a token exchange, a registration and a discovery that got no answer", async () => {
    const hangUp: Parts["token"] = (_received, response) => response.socket?.destroy();
    const exchange = await begin("marked3", { token: hangUp });
    await ada.open(exchange.server.approve(exchange.attempt.authorizationUrl));
    await expect
      .poll(async () => (await readSteps(exchange.attempt.flow.id)).at(-1))
      .toMatchObject({ kind: "TOKEN_EXCHANGE", ...noAnswer });

    const registration = await begin("marked4", { register: hangUp });
    expect(registration.attempt.__typename).toBe("OAuthDiscoveryFailed");
    const steps = await readSteps(registration.attempt.flow.id);
    expect(steps.at(-1)).toMatchObject({
      kind: "CLIENT_REGISTRATION",
      url: `${registration.server.origin}/register`,
      ...noAnswer,
    });

    const discovery = await begin("marked5", { authorizationServer: () => hangUp });
    const failed = (await readSteps(discovery.attempt.flow.id)).filter(
      ({ outcome }) => outcome === "FAILED",
    );
    expect(failed[0]).toMatchObject({
      kind: "AUTHORIZATION_SERVER_METADATA",
      url: `${discovery.server.origin}/.well-known/oauth-authorization-server`,
      ...noAnswer,
    });
  });

  it("name a tool discovery that failed", async () => {
    const { server, attempt } = await begin("marked6", {
      mcp: (received, response) =>
        received.headers.authorization
          ? void response.writeHead(503).end()
          : challenge(received, response),
    });
    await ada.open(server.approve(attempt.authorizationUrl));
    await expect
      .poll(async () => (await readSteps(attempt.flow.id)).at(-1))
      .toMatchObject({
        kind: "TOOL_DISCOVERY",
        outcome: "FAILED",
        url: server.url,
        httpStatus: 503,
        durationMs: expect.any(Number),
      });
  });
});
