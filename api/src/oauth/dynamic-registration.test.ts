import { describe, expect, it } from "vitest";
import { guessAuthorizationServer } from "./authorization-server.ts";
import { registerClient } from "./dynamic-registration.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

async function register(
  answers: (() => Response | Promise<Response>)[],
  options: {
    supported?: string[] | null;
    redirectUri?: string;
    publicUrl?: string;
    scopes?: string[];
    endpoint?: string | null;
  } = {},
) {
  const { endpoint = "https://as.example/register" } = options;
  const steps: Step[] = [];
  const requests: { url: string; init: RequestInit; body: Record<string, unknown> }[] = [];
  const answer = await registerClient({
    authorizationServer: {
      ...guessAuthorizationServer("https://as.example"),
      registrationEndpoint: endpoint,
      tokenEndpointAuthMethodsSupported: options.supported ?? null,
    },
    redirectUri: options.redirectUri ?? "http://localhost:4000/oauth/callback",
    publicUrl: options.publicUrl ?? "http://localhost:4000",
    scopes: options.scopes ?? [],
    steps: createStepRecorder({ onStep: (step) => steps.push(step), clock: createVirtualTime() }),
    fetch: async (input, init = {}) => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      requests.push({ url: String(input), init, body });
      const next = answers.shift();
      if (!next) throw new Error("one request too many");
      return await next();
    },
  });
  return { answer, requests, steps };
}

const created = (body: object) => () => Response.json(body, { status: 201 });
const refused =
  (error: string, status = 400) =>
  () =>
    Response.json({ error }, { status });

describe("registerClient", () => {
  it("MCP-AUTH-8 sends what a loopback client is, and no scope", async () => {
    const { requests, steps } = await register([created({ client_id: "c" })]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ url: "https://as.example/register" });
    expect(requests[0]?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(requests[0]?.body).toEqual({
      client_name: "Gatehouse",
      redirect_uris: ["http://localhost:4000/oauth/callback"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
      application_type: "native",
    });
    expect(steps).toMatchObject([
      {
        kind: "CLIENT_REGISTRATION",
        outcome: "OK",
        url: "https://as.example/register",
        httpStatus: 201,
      },
    ]);
  });

  it.each([
    ["http://127.0.0.1:4000/cb", "native"],
    ["http://[::1]:4000/cb", "native"],
    ["https://gatehouse.example/cb", "web"],
  ])("MCP-AUTH-8 %s is %s", async (redirectUri, type) => {
    const publicUrl = new URL(redirectUri).origin;
    const { requests } = await register([created({ client_id: "c" })], { redirectUri, publicUrl });
    expect(requests[0]?.body["application_type"]).toBe(type);
    expect(requests[0]?.body["client_uri"]).toBe(type === "web" ? publicUrl : undefined);
  });

  it.each(["invalid_client_metadata", "invalid_redirect_uri"])(
    "MCP-AUTH-8 on %s tries once without application_type",
    async (error) => {
      const { answer, requests, steps } = await register([
        refused(error),
        created({ client_id: "c" }),
      ]);
      expect(answer).toMatchObject({ ok: true });
      expect(requests.map(({ body }) => "application_type" in body)).toEqual([true, false]);
      expect(steps.map(({ outcome }) => outcome)).toEqual(["FAILED", "OK"]);
      const twice = await register([refused(error), refused(error)]);
      expect(twice.answer).toMatchObject({ ok: false, fault: { code: "REGISTRATION_REFUSED" } });
    },
  );

  it("reads the whole answer", async () => {
    const { answer } = await register([
      created({
        client_id: "c",
        client_secret: "s",
        client_secret_expires_at: 1_900_000_000,
        token_endpoint_auth_method: "client_secret_post",
        registration_access_token: "r",
        registration_client_uri: "https://as.example/register/c",
      }),
    ]);
    expect(answer).toEqual({
      ok: true,
      client: {
        clientId: "c",
        clientSecret: "s",
        clientSecretExpiresAt: new Date(1_900_000_000_000),
        tokenEndpointAuthMethod: "client_secret_post",
        registrationAccessToken: "r",
        registrationClientUri: "https://as.example/register/c",
      },
    });
  });

  it("takes a secret that never expires, and tolerates nonsense in optional fields", async () => {
    const { answer } = await register([
      created({
        client_id: "c",
        client_secret: "s",
        client_secret_expires_at: 0,
        token_endpoint_auth_method: null,
        registration_access_token: 7,
        registration_client_uri: "javascript:alert(1)",
        redirect_uris: null,
      }),
    ]);
    expect(answer).toMatchObject({
      ok: true,
      client: {
        clientSecretExpiresAt: null,
        tokenEndpointAuthMethod: "client_secret_basic",
        registrationAccessToken: null,
        registrationClientUri: null,
      },
    });
  });

  it.each<[string[] | null, string | null]>([
    [null, "client_secret_basic"],
    [["client_secret_basic", "client_secret_post", "none"], "client_secret_post"],
    [["client_secret_basic", "none"], "client_secret_basic"],
    [["none", "private_key_jwt"], "none"],
    [["private_key_jwt"], null],
  ])("R16 supported %j: registers with exactly %s", async (supported, method) => {
    const { answer, requests } = await register([created({ client_id: "c", client_secret: "s" })], {
      supported,
    });
    if (method === null) {
      expect(answer).toMatchObject({ ok: false, fault: { code: "AUTH_METHOD_UNSUPPORTED" } });
      expect(requests).toEqual([]);
      return;
    }
    expect(requests[0]?.body["token_endpoint_auth_method"]).toBe(method);
    expect(answer).toMatchObject({
      client: { tokenEndpointAuthMethod: method, clientSecret: method === "none" ? null : "s" },
    });
  });

  it("R16 what was registered counts, not what was asked for", async () => {
    const unknown = {
      client_id: "c",
      client_secret: "s",
      token_endpoint_auth_method: "tls_client_auth",
    };
    expect((await register([created(unknown)])).answer).toMatchObject({
      ok: false,
      fault: { code: "REGISTRATION_INVALID" },
    });
    const secretless = { client_id: "c", token_endpoint_auth_method: "client_secret_basic" };
    expect((await register([created(secretless)])).answer).toMatchObject({
      client: { tokenEndpointAuthMethod: "none", clientSecret: null },
    });
  });

  it.each<[string, () => Response | Promise<Response>, string, boolean]>([
    ["503", () => new Response("", { status: 503 }), "REGISTRATION_UNAVAILABLE", true],
    ["429", refused("too_many_requests", 429), "REGISTRATION_UNAVAILABLE", true],
    ["no connection", () => Promise.reject(new TypeError("x")), "REGISTRATION_UNAVAILABLE", true],
    ["401", refused("invalid_token", 401), "REGISTRATION_REFUSED", false],
    ["403 with HTML", () => new Response("<html>", { status: 403 }), "REGISTRATION_REFUSED", false],
    [
      "a redirect",
      () => Response.redirect("https://e.example/", 307),
      "REGISTRATION_REFUSED",
      false,
    ],
    ["HTML", () => new Response("<html>"), "REGISTRATION_INVALID", false],
    ["no client_id", created({ client_id: "" }), "REGISTRATION_INVALID", false],
  ])("%s: a fault, once", async (_name, answer, code, retryable) => {
    const { answer: result, steps } = await register([answer]);
    expect(result).toMatchObject({ ok: false, fault: { code, retryable } });
    expect(steps).toMatchObject([{ outcome: "FAILED" }]);
  });

  it("C7 shows known errors, and masks the rest", async () => {
    const text = (error: string) => () =>
      Response.json({ error, error_description: "sorry" }, { status: 403 });
    const known = await register([text("access_denied")]);
    expect(known.answer).toMatchObject({
      fault: { message: expect.stringContaining("access_denied: sorry") as unknown },
    });
    const unknown = await register([text("<b>")]);
    expect(JSON.stringify(unknown.answer)).not.toContain("sorry");
  });

  it("asks nobody without an endpoint that is secure", async () => {
    for (const endpoint of [null, "http://as.example/register"]) {
      const { answer, requests } = await register([], { endpoint });
      expect(answer).toMatchObject({ ok: false, fault: { code: "REGISTRATION_REFUSED" } });
      expect(requests).toEqual([]);
    }
  });
});

describe("I13 a registration that is refused because a scope is missing", () => {
  const missing = () =>
    Response.json(
      { error: "invalid_client_metadata", error_description: "scope is required" },
      { status: 400 },
    );

  it("is repeated once with the scopes of the consent", async () => {
    const { answer, requests } = await register([missing, created({ client_id: "c" })], {
      scopes: ["read", "offline_access"],
    });
    expect(answer).toMatchObject({ ok: true });
    expect(requests.map(({ body }) => body["scope"])).toEqual([undefined, "read offline_access"]);
    expect(requests[1]?.body).toHaveProperty("application_type");
  });

  it("is repeated three times at most", async () => {
    const { answer, requests } = await register([missing, missing, missing], { scopes: ["read"] });
    expect(answer).toMatchObject({ ok: false, fault: { code: "REGISTRATION_REFUSED" } });
    expect(requests).toHaveLength(3);
  });
});

describe("I7 the expiry of a client secret", () => {
  const expire = async (value: unknown) => {
    const body = { client_id: "c", client_secret: "s", client_secret_expires_at: value };
    const { answer } = await register([created(body)]);
    return answer.ok ? answer.client.clientSecretExpiresAt : undefined;
  };
  const day = new Date("2027-01-02T03:04:05Z");

  it.each([
    ["seconds", day.getTime() / 1_000],
    ["milliseconds", day.getTime()],
    ["seconds as text", String(day.getTime() / 1_000)],
  ])("is read from %s", async (_, value) => {
    expect(await expire(value)).toEqual(day);
  });

  it.each([0, -1, null, "never", 1e300, "1e999", [], {}])("%j is none", async (value) => {
    expect(await expire(value)).toBeNull();
  });
});
