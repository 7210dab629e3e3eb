import { describe, expect, it } from "vitest";
import { revokeToken } from "./revocation.ts";
import { noKey, signTestAssertion } from "./testing/assertion.ts";

type Answer = () => Response | Promise<Response>;

async function revoke(answer: Answer, options: Partial<Parameters<typeof revokeToken>[0]> = {}) {
  const requests: { url: string; init: RequestInit; body: URLSearchParams }[] = [];
  const outcome = await revokeToken({
    revocationEndpoint: "https://as.example/revoke",
    issuer: "https://as.example",
    signAssertion: signTestAssertion,
    client: {
      clientId: "c",
      clientSecret: "s",
      tokenEndpointAuthMethod: "client_secret_post",
      ...noKey,
    },
    token: "the-token",
    tokenTypeHint: "refresh_token",
    fetch: async (input, init = {}) => {
      requests.push({ url: String(input), init, body: new URLSearchParams(String(init.body)) });
      return await answer();
    },
    ...options,
  });
  return { outcome, requests };
}

const json =
  (body: unknown, status: number): Answer =>
  () =>
    Response.json(body, { status });

describe("revokeToken", () => {
  it("R16 sends the token with the client that was issued it", async () => {
    const { outcome, requests } = await revoke(() => new Response(null, { status: 200 }));
    expect(outcome).toEqual({ kind: "confirmed", httpStatus: 200 });
    expect(requests).toHaveLength(1);
    expect(requests[0]?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(Object.fromEntries(requests[0]?.body ?? [])).toEqual({
      token: "the-token",
      token_type_hint: "refresh_token",
      client_id: "c",
      client_secret: "s",
    });
  });

  it.each<[string, Answer, object]>([
    ["204", () => new Response(null, { status: 204 }), { kind: "confirmed" }],
    ["200 with HTML", () => new Response("<html>"), { kind: "confirmed" }],
    [
      "unsupported_token_type",
      json({ error: "unsupported_token_type" }, 400),
      { kind: "unsupported" },
    ],
    [
      "invalid_client",
      json({ error: "invalid_client" }, 401),
      { kind: "refused", errorCode: "invalid_client" },
    ],
    ["200 with an error", json({ error: "invalid_request" }, 200), { kind: "refused" }],
    [
      "503",
      () => new Response("", { status: 503, headers: { "retry-after": "5" } }),
      { kind: "transient", retryAfterMs: 5_000 },
    ],
    ["500 invalid_client", json({ error: "invalid_client" }, 500), { kind: "transient" }],
    ["429", json({ error: "slow_down" }, 429), { kind: "transient" }],
    ["404", () => new Response("", { status: 404 }), { kind: "transient" }],
    ["a redirect", () => Response.redirect("https://evil.example/", 307), { kind: "transient" }],
    ["no connection", () => Promise.reject(new TypeError("x")), { kind: "transient" }],
  ])("%s", async (_name, answer, expected) => {
    expect((await revoke(answer)).outcome).toMatchObject(expected);
  });

  it("asks nobody without a secure endpoint, or for a client that cannot authenticate itself", async () => {
    for (const revocationEndpoint of [null, "http://as.example/revoke"]) {
      const { outcome, requests } = await revoke(json({}, 200), { revocationEndpoint });
      expect(outcome).toEqual({ kind: "unsupported", httpStatus: null });
      expect(requests).toEqual([]);
    }
    const client = {
      clientId: "c",
      clientSecret: null,
      tokenEndpointAuthMethod: "client_secret_post",
      ...noKey,
    };
    const { outcome, requests } = await revoke(json({}, 200), { client });
    expect(outcome).toMatchObject({ kind: "refused", errorCode: "invalid_client" });
    expect(requests).toEqual([]);
  });

  it("C7 an error never echoes the token", async () => {
    const body = { error: "invalid_request", error_description: "the-token is odd" };
    expect(JSON.stringify((await revoke(json(body, 400))).outcome)).not.toContain("the-token");
  });
});
