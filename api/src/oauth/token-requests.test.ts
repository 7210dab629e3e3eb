import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fetch } from "./ports.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { exchangeCode } from "./token-exchange.ts";
import { requestRefresh } from "./token-refresh.ts";
import { noKey, signTestAssertion } from "./testing/assertion.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

type Answer = () => Response | Promise<Response>;

const publicClient = {
  clientId: "c",
  clientSecret: null,
  tokenEndpointAuthMethod: "none",
  ...noKey,
};

function record(answer: Answer) {
  const requests: { url: string; init: RequestInit; headers: Headers; body: URLSearchParams }[] =
    [];
  const fetch: Fetch = async (input, init = {}) => {
    const body = new URLSearchParams(String(init.body));
    requests.push({ url: String(input), init, headers: new Headers(init.headers), body });
    return await answer();
  };
  return { fetch, requests };
}

async function refresh(
  answer: Answer,
  options: Partial<Parameters<typeof requestRefresh>[0]> = {},
) {
  const { fetch, requests } = record(answer);
  const outcome = await requestRefresh({
    tokenEndpoint: "https://as.example/token",
    issuer: "https://as.example",
    client: publicClient,
    signAssertion: signTestAssertion,
    refreshToken: "the-refresh-token",
    resource: "https://mcp.example/mcp",
    fetch,
    ...options,
  });
  return { outcome, requests };
}

async function exchange(answer: Answer, options: Partial<Parameters<typeof exchangeCode>[0]> = {}) {
  const { fetch, requests } = record(answer);
  const steps: Step[] = [];
  const outcome = await exchangeCode({
    tokenEndpoint: "https://as.example/token",
    issuer: "https://as.example",
    client: publicClient,
    signAssertion: signTestAssertion,
    code: "the-code",
    codeVerifier: "the-verifier",
    redirectUri: "http://localhost:4000/oauth/callback",
    resource: "https://mcp.example/mcp",
    supportedAuthMethods: ["none"],
    fetch,
    steps: createStepRecorder({ onStep: (step) => steps.push(step), clock: createVirtualTime() }),
    ...options,
  });
  return { outcome, requests, steps };
}

const good = { access_token: "at", token_type: "Bearer" };
const json =
  (body: unknown, init?: ResponseInit): Answer =>
  () =>
    Response.json(body, init);

describe("requestRefresh", () => {
  it("MCP-AUTH-11 R15 sends the resource and no scope, and follows no redirect", async () => {
    const { requests } = await refresh(json(good));
    expect(requests).toHaveLength(1);
    expect(requests[0]?.url).toBe("https://as.example/token");
    expect(requests[0]?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(requests[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(requests[0]?.body ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "the-refresh-token",
      client_id: "c",
      resource: "https://mcp.example/mcp",
    });
    const without = await refresh(json(good), { resource: null });
    expect(without.requests[0]?.body.has("resource")).toBe(false);
  });

  describe("R16 exactly one authentication method", () => {
    const id = "id:with%&+ é";
    const secret = "s:e%c&r+e t/=é";
    const send = async (tokenEndpointAuthMethod: string, clientSecret: string | null = secret) =>
      (
        await refresh(json(good), {
          client: { clientId: id, clientSecret, tokenEndpointAuthMethod, ...noKey },
        })
      ).requests[0];

    it("client_secret_basic, form-encoded (RFC 6749 §2.3.1)", async () => {
      const request = await send("client_secret_basic");
      expect(request?.body.has("client_id")).toBe(false);
      expect(request?.body.has("client_secret")).toBe(false);
      const [scheme, encoded] = request?.headers.get("authorization")?.split(" ") ?? [];
      expect(scheme).toBe("Basic");
      const decoded = Buffer.from(encoded ?? "", "base64").toString();
      expect(decoded).toBe("id%3Awith%25%26%2B+%C3%A9:s%3Ae%25c%26r%2Be+t%2F%3D%C3%A9");
    });

    it("client_secret_post", async () => {
      const request = await send("client_secret_post");
      expect(request?.headers.has("authorization")).toBe(false);
      expect(request?.body.get("client_id")).toBe(id);
      expect(request?.body.get("client_secret")).toBe(secret);
    });

    it("none, even when a secret is known", async () => {
      const request = await send("none");
      expect(request?.headers.has("authorization")).toBe(false);
      expect(request?.body.get("client_id")).toBe(id);
      expect(request?.body.has("client_secret")).toBe(false);
    });

    it("a client that cannot authenticate itself sends nothing", async () => {
      expect(await send("private_key_jwt")).toBeUndefined();
      expect(await send("client_secret_post", null)).toBeUndefined();
      expect(await send("client_secret_basic", "")).toBeUndefined();
      const client = { ...publicClient, tokenEndpointAuthMethod: "private_key_jwt" };
      expect((await refresh(json(good), { client })).outcome).toMatchObject({
        kind: "dead",
        reason: "CLIENT_INVALID",
      });
    });
  });

  it("MCP-AUTH-17 sends nothing to an insecure endpoint", async () => {
    for (const tokenEndpoint of ["http://as.example/token", "javascript:alert(1)"]) {
      expect((await refresh(json(good), { tokenEndpoint })).requests).toEqual([]);
    }
  });

  it.each<[unknown, number | null]>([
    [3600, 3_600_000],
    [0.5, 500],
    [0.0001, null],
    ["3600", 3_600_000],
    [" 60 ", 60_000],
    [undefined, null],
    [null, null],
    [0, null],
    ["0", null],
    [-5, null],
    ["-5", null],
    ["", null],
    ["soon", null],
    ["1e3", null],
    [true, null],
    [[3600], null],
    [1e300, 3_155_760_000_000],
    ["999999999999", 3_155_760_000_000],
  ])("R11 expires_in %j is %j ms", async (expiresIn, expiresInMs) => {
    const { outcome } = await refresh(json({ ...good, expires_in: expiresIn }));
    expect(outcome).toEqual({
      kind: "tokens",
      remark: null,
      tokens: {
        accessToken: "at",
        refreshToken: null,
        expiresInMs,
        refreshExpiresInMs: null,
        scopes: null,
      },
    });
  });

  it.each<[object, object]>([
    [
      { refresh_token: "rt", scope: "a b" },
      { refreshToken: "rt", scopes: ["a", "b"] },
    ],
    [
      { refresh_token: "", scope: "" },
      { refreshToken: null, scopes: null },
    ],
    [
      { refresh_token: null, scope: null },
      { refreshToken: null, scopes: null },
    ],
    [
      { refresh_token: 7, scope: ["a"] },
      { refreshToken: null, scopes: ["a"] },
    ],
    [{ token_type: "bearer", error: "" }, {}],
    [{ token_type: "BEARER", error: null }, {}],
  ])("R6 reads %j", async (more, tokens) => {
    const { outcome } = await refresh(json({ ...good, ...more }));
    expect(outcome).toMatchObject({ kind: "tokens", tokens });
  });

  const error = (code: string, status: number): Answer => json({ error: code }, { status });
  it.each<[string, Answer, string]>([
    ["400 invalid_grant", error("invalid_grant", 400), "GRANT_INVALID"],
    ["401 invalid_grant", error("invalid_grant", 401), "GRANT_INVALID"],
    ["403 invalid_grant", error("invalid_grant", 403), "GRANT_INVALID"],
    ["200 invalid_grant", error("invalid_grant", 200), "GRANT_INVALID"],
    ["200 with error and a token", json({ ...good, error: "invalid_grant" }), "GRANT_INVALID"],
    ["401 invalid_client", error("invalid_client", 401), "CLIENT_INVALID"],
    ["400 invalid_client", error("invalid_client", 400), "CLIENT_INVALID"],
    ["400 unauthorized_client", error("unauthorized_client", 400), "CLIENT_INVALID"],
  ])("R8 R9 %s is dead", async (_name, answer, reason) => {
    expect((await refresh(answer)).outcome).toMatchObject({ kind: "dead", reason });
  });

  const text = (body: string, status: number, headers: Record<string, string> = {}): Answer => {
    return () => new Response(body, { status, headers });
  };
  it.each<[string, Answer]>([
    ["500 invalid_grant", error("invalid_grant", 500)],
    ["503 invalid_client", error("invalid_client", 503)],
    ["408 invalid_grant", error("invalid_grant", 408)],
    ["429 invalid_grant", error("invalid_grant", 429)],
    ["400 invalid_request", error("invalid_request", 400)],
    ["400 invalid_scope", error("invalid_scope", 400)],
    ["400 unsupported_grant_type", error("unsupported_grant_type", 400)],
    ["400 server_error", error("server_error", 400)],
    ["400 INVALID_GRANT", error("INVALID_GRANT", 400)],
    [
      "400 with an error that is no string",
      json({ error: { code: "invalid_grant" } }, { status: 400 }),
    ],
    ["400 with an array", json([{ error: "invalid_grant" }], { status: 400 })],
    ["400 with HTML", text("<html>invalid_grant</html>", 400)],
    ["502 with HTML", text('<html>"error":"invalid_grant"</html>', 502)],
    ["404", text("", 404)],
    ["307", text("", 307, { location: "https://as.example/token2" })],
    ["304", () => new Response(null, { status: 304 })],
    ["200 empty", text("", 200)],
    ["200 HTML", text("<html></html>", 200)],
    ["200 null", text("null", 200)],
    ["200 huge", text(JSON.stringify({ ...good, padding: "x".repeat(1_100_000) }), 200)],
    ["200 ok:false", json({ ok: false })],
    ["200 mac token", json({ ...good, token_type: "mac" })],
    ["200 empty token", json({ ...good, access_token: "" })],
    ["200 token is a number", json({ ...good, access_token: 7 })],
    ["200 token with a line break", json({ ...good, access_token: "a\r\nX-Evil: 1" })],
    ["200 token with a blank", json({ ...good, access_token: "a b" })],
    ["200 token nested", json({ authed_user: good })],
    ["timeout", () => Promise.reject(new DOMException("", "TimeoutError"))],
    ["connection reset", () => Promise.reject(new TypeError("fetch failed"))],
    [
      "body broken off",
      () => new Response(new ReadableStream({ start: (body) => body.error(new Error("reset")) })),
    ],
  ])("R7 %s is transient", async (_name, answer) => {
    expect((await refresh(answer)).outcome).toMatchObject({
      kind: "transient",
      retryAfterMs: null,
    });
  });

  it.each<[Record<string, string>, number | null]>([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "86400" }, 300_000],
    [{ "retry-after": "-1" }, null],
    [{ "retry-after": "soon" }, null],
    [
      { "retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" },
      10_000,
    ],
    [
      { "retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" },
      null,
    ],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:10 GMT" }, null],
  ])("R7 waits as long as %j says: %j", async (headers, retryAfterMs) => {
    const { outcome } = await refresh(text("", 503, headers));
    expect(outcome).toMatchObject({ kind: "transient", retryAfterMs });
  });

  it("R7 R8 only invalid_grant, invalid_client and unauthorized_client ever kill", async () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          error: fc.oneof(fc.string(), fc.constantFrom("invalid_grant", "invalid_client")),
        })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.integer({ min: 200, max: 599 }), async (content, status) => {
        const bodiless = [204, 205, 304].includes(status);
        const { outcome } = await refresh(
          () => new Response(bodiless ? null : content, { status }),
        );
        if (outcome.kind !== "dead") return;
        expect(content).toMatch(/invalid_grant|invalid_client|unauthorized_client/);
        expect(status < 300 || (status >= 400 && status < 500)).toBe(true);
      }),
    );
  });

  it("C7 an error never echoes what was sent", async () => {
    const description = "the-refresh-token of c with pässword is bad";
    const { outcome } = await refresh(
      json({ error: "invalid_grant", error_description: description }, { status: 400 }),
      {
        client: {
          clientId: "c",
          clientSecret: "pässword",
          tokenEndpointAuthMethod: "client_secret_post",
          ...noKey,
        },
      },
    );
    expect(outcome).toMatchObject({
      detail: "invalid_grant: [removed] of c with [removed] is bad",
    });
  });
});

describe("exchangeCode", () => {
  it("MCP-AUTH-10 MCP-AUTH-11 sends code, verifier, redirect URI and resource", async () => {
    const { outcome, requests, steps } = await exchange(
      json({ ...good, refresh_token: "rt", expires_in: 60 }),
    );
    expect(outcome).toEqual({
      kind: "tokens",
      remark: null,
      tokenEndpointAuthMethod: "none",
      resource: "https://mcp.example/mcp",
      tokens: {
        accessToken: "at",
        refreshToken: "rt",
        expiresInMs: 60_000,
        refreshExpiresInMs: null,
        scopes: null,
      },
    });
    expect(Object.fromEntries(requests[0]?.body ?? [])).toEqual({
      grant_type: "authorization_code",
      code: "the-code",
      code_verifier: "the-verifier",
      redirect_uri: "http://localhost:4000/oauth/callback",
      client_id: "c",
      resource: "https://mcp.example/mcp",
    });
    expect(requests[0]?.init.redirect).toBe("manual");
    expect(steps).toMatchObject([{ kind: "TOKEN_EXCHANGE", outcome: "OK", httpStatus: 200 }]);
  });

  it.each<[string, Answer, object]>([
    ["invalid_grant", error("invalid_grant"), { kind: "refused", errorCode: "invalid_grant" }],
    ["invalid_client", error("invalid_client"), { kind: "refused", errorCode: "invalid_client" }],
    ["unknown error", error("nope"), { kind: "refused", errorCode: "nope", detail: null }],
    ["503", () => new Response("", { status: 503 }), { kind: "failed" }],
    ["redirect", () => Response.redirect("https://as.example/again", 307), { kind: "failed" }],
    ["HTML", () => new Response("<html>"), { kind: "failed" }],
    [
      "timeout",
      () => Promise.reject(new DOMException("", "TimeoutError")),
      { kind: "failed", detail: "no answer in time" },
    ],
  ])("C12 %s: the code is posted once, whatever the answer", async (_name, answer, expected) => {
    const { outcome, requests, steps } = await exchange(answer);
    expect(outcome).toMatchObject(expected);
    expect(requests).toHaveLength(1);
    expect(steps).toMatchObject([{ kind: "TOKEN_EXCHANGE", outcome: "FAILED" }]);
  });

  it("C7 an error never echoes code or verifier", async () => {
    const description = "the-code and the-verifier do not fit";
    const { outcome, steps } = await exchange(
      json({ error: "invalid_grant", error_description: description }, { status: 400 }),
    );
    expect(JSON.stringify([outcome, steps])).not.toMatch(/the-code|the-verifier/);
  });

  it("sends nothing that cannot be authenticated or would be insecure", async () => {
    const client = { ...publicClient, tokenEndpointAuthMethod: "client_secret_post" };
    for (const options of [{ client }, { tokenEndpoint: "http://as.example/token" }]) {
      const { outcome, requests } = await exchange(json(good), options);
      expect(outcome).toMatchObject({ kind: "failed" });
      expect(requests).toEqual([]);
    }
  });

  function error(code: string): Answer {
    return json({ error: code }, { status: 400 });
  }
});

describe("a refusal that precedes the use of the code", () => {
  const tokens = { access_token: "at", token_type: "Bearer" };
  const refuse =
    (error: string, more = {}) =>
    () =>
      Response.json({ error, ...more }, { status: 400 });
  const inTurn = (...answers: (() => Response)[]): Answer => {
    const left = [...answers];
    return () => (left.shift() ?? refuse("invalid_grant"))();
  };
  const accept = () => Response.json(tokens);
  const confidential = {
    ...publicClient,
    clientSecret: "the-secret",
    tokenEndpointAuthMethod: "client_secret_basic",
  };

  it.each([
    ["invalid_target", refuse("invalid_target")],
    [
      "AADSTS9010010, whatever the host",
      refuse("invalid_request", { error_description: "AADSTS9010010: The resource parameter..." }),
    ],
  ])("I11 of the resource leads to one attempt without it: %s", async (_, refused) => {
    const { outcome, requests, steps } = await exchange(inTurn(refused, accept));
    expect(outcome).toMatchObject({ kind: "tokens", resource: null });
    expect(requests.map(({ body }) => body.has("resource"))).toEqual([true, false]);
    expect(steps.map(({ detail }) => detail)).toContain(
      "The resource parameter was rejected. It is omitted from now on.",
    );
  });

  it("I11 is repeated once only", async () => {
    const { outcome, requests } = await exchange(
      inTurn(refuse("invalid_target"), refuse("invalid_target")),
    );
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "invalid_target" });
    expect(requests).toHaveLength(2);
  });

  it("I11 of a refresh leads to one attempt without it", async () => {
    const { outcome, requests } = await refresh(inTurn(refuse("invalid_target"), accept));
    expect(outcome).toMatchObject({ kind: "tokens", refusesResource: true });
    expect(requests.map(({ body }) => body.has("resource"))).toEqual([true, false]);
  });

  it("I13 of Basic, where no methods are listed, leads to post, then to none", async () => {
    const refused = refuse("invalid_client");
    const { outcome, requests } = await exchange(inTurn(refused, refused, accept), {
      client: confidential,
      supportedAuthMethods: null,
    });
    expect(outcome).toMatchObject({ kind: "tokens", tokenEndpointAuthMethod: "none" });
    expect(requests.map(({ body }) => body.get("client_secret"))).toEqual([
      null,
      "the-secret",
      null,
    ]);
  });

  it("R16 I13 of a method that is listed or registered leads to no other", async () => {
    const refused = refuse("invalid_client");
    const listed = await exchange(inTurn(refused, accept), {
      client: confidential,
      supportedAuthMethods: ["client_secret_basic"],
    });
    const post = await exchange(inTurn(refused, accept), {
      client: { ...confidential, tokenEndpointAuthMethod: "client_secret_post" },
      supportedAuthMethods: null,
    });
    for (const { outcome, requests } of [listed, post]) {
      expect(outcome).toMatchObject({ kind: "refused", errorCode: "invalid_client" });
      expect(requests).toHaveLength(1);
    }
  });
});
