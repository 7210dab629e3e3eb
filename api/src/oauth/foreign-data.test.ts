/** Whatever strangers publish or answer, reading it ends in an answer of ours: nothing throws, and nothing unfit gets through. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findAuthorizationServer } from "./authorization-server.ts";
import { readCallback } from "./callback.ts";
import { discover } from "./discovery.ts";
import { registerClient } from "./dynamic-registration.ts";
import { describeOAuthError } from "./errors.ts";
import type { Fetch } from "./ports.ts";
import { findProtectedResource } from "./protected-resource.ts";
import { createProfiles } from "./provider-profiles.ts";
import { coversServer } from "./resource.ts";
import { isSecureUrl } from "./secure-url.ts";
import { createStepRecorder } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";
import { readTokenResponse } from "./token-response.ts";

const steps = createStepRecorder({ onStep: () => undefined, clock: createVirtualTime() });
const serverUrl = new URL("https://mcp.example/mcp");
const as = "https://as.example";

const missing = Symbol("missing");
/** Anything that JSON can say, and things that it nearly can. */
const junk = fc.oneof(
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>("", 0, -1, 1e-5, 1e308, true, null, {}, "\u0000", "💥"),
  },
  {
    // Good of their kind, and not what they should be.
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      [],
      ["plain"],
      "https://mcp.example/other",
      "https://evil.example/mcp",
      "http://as.example/token",
    ),
  },
);
/** A good document with up to three fields of it replaced by junk, or missing; or junk altogether. */
function nearly(good: Record<string, unknown>): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.constantFrom(...Object.keys(good)), fc.option(junk, { nil: missing }));
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.array(change, { maxLength: 3 }).map((changes) => {
        const document = { ...good, ...Object.fromEntries(changes) };
        return Object.fromEntries(
          Object.entries(document).filter(([, value]) => value !== missing),
        );
      }),
    },
    junk,
  );
}
const status = fc.oneof(
  { weight: 6, arbitrary: fc.constant(200) },
  fc.constantFrom(201, 400, 401, 403, 404, 408, 429, 500, 502, 503),
);
const answer = (body: fc.Arbitrary<unknown>) =>
  fc.record({
    status,
    body: fc.oneof(
      { weight: 8, arbitrary: body.map((value) => JSON.stringify(value) ?? "") },
      fc.string(),
    ),
    type: fc.oneof(
      { weight: 4, arbitrary: fc.constant("application/json") },
      fc.constantFrom("text/html", "text/plain", "text/event-stream", ""),
    ),
    retryAfter: fc.constantFrom(
      "",
      "5",
      "-1",
      "soon",
      "99999999999",
      "Wed, 21 Oct 2015 07:28:00 GMT",
    ),
  });
type Answer = ReturnType<typeof answer> extends fc.Arbitrary<infer Value> ? Value : never;

function respond({ status: code, body, type, retryAfter }: Answer): Response {
  const headers = new Headers();
  if (type) headers.set("content-type", type);
  if (retryAfter) headers.set("retry-after", retryAfter);
  return new Response(body, { status: code, headers });
}
const always =
  (one: Answer): Fetch =>
  async () =>
    respond(one);

const metadata = nearly({
  issuer: as,
  authorization_endpoint: `${as}/authorize`,
  token_endpoint: `${as}/token`,
  registration_endpoint: `${as}/register`,
  revocation_endpoint: `${as}/revoke`,
  scopes_supported: ["read"],
  response_types_supported: ["code"],
  token_endpoint_auth_methods_supported: ["none"],
  code_challenge_methods_supported: ["S256"],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
});
const resource = nearly({
  resource: serverUrl.href,
  authorization_servers: [as],
  scopes_supported: ["read"],
});

describe("data of strangers", () => {
  it("MCP-AUTH-5 MCP-AUTH-10 MCP-AUTH-17 an authorization server that is found is fit to be used", async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(answer(metadata), async (one) => {
        const result = await findAuthorizationServer({
          issuers: [as],
          profile: null,
          fetch: always(one),
          steps,
        });
        if (result.kind !== "found") return;
        found += 1;
        const known = result.metadata;
        expect(known.issuer).toBe(as);
        expect(known.codeChallengeMethodsSupported).toContain("S256");
        for (const endpoint of [known.authorizationEndpoint, known.tokenEndpoint])
          expect(isSecureUrl(endpoint)).toBe(true);
        for (const endpoint of [known.registrationEndpoint, known.revocationEndpoint])
          expect(endpoint === null || isSecureUrl(endpoint)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(found, "some are good enough").toBeGreaterThan(0);
  });

  it("MCP-AUTH-11 a protected resource that is found covers the server", async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(answer(resource), async (one) => {
        const result = await findProtectedResource({
          serverUrl,
          challengedUrl: null,
          fetch: always(one),
          steps,
        });
        if (result.kind !== "found") return;
        found += 1;
        expect(coversServer(result.resource, serverUrl)).toBe(true);
        expect(result.authorizationServers.every((one) => typeof one === "string")).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(found, "some are good enough").toBeGreaterThan(0);
  });

  it("discovery always ends in an answer", async () => {
    await fc.assert(
      fc.asyncProperty(answer(resource), answer(metadata), async (first, second) => {
        const fetch: Fetch = async (input) =>
          respond(String(input).includes("protected-resource") ? first : second);
        const result = await discover({
          serverUrl: serverUrl.href,
          challenge: null,
          fetch,
          steps,
          profiles: createProfiles([]),
        });
        if (result.ok) expect(() => JSON.stringify(result.discovery)).not.toThrow();
        else expect(result.fault.message).not.toBe("");
      }),
      { numRuns: 200 },
    );
  });

  it("R11 a token that is read can be sent in a header, and its lifetime is one", async () => {
    const tokens = nearly({
      access_token: "at",
      token_type: "Bearer",
      refresh_token: "rt",
      expires_in: 60,
      scope: "read write",
      error: "",
    });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(answer(tokens), async (one) => {
        const result = await readTokenResponse(respond(one), ["secret"]);
        if (result.kind !== "tokens") return;
        read += 1;
        const { accessToken, expiresInMs, scopes } = result.tokens;
        expect(() => new Headers({ authorization: `Bearer ${accessToken}` })).not.toThrow();
        expect(accessToken).toMatch(/^[\x21-\x7E]+$/);
        if (expiresInMs !== null) {
          expect(expiresInMs).toBeGreaterThan(0);
          expect(Number.isFinite(new Date(expiresInMs).getTime())).toBe(true);
        }
        expect(scopes === null || scopes.length > 0).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(read, "some are good enough").toBeGreaterThan(0);
  });

  it("C7 no error of a token endpoint shows what was sent", async () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/);
    const around = fc.string({ unit: "grapheme", maxLength: 20 });
    const code = fc.constantFrom("invalid_grant", "invalid_client", "made_up", "");
    fc.assert(
      fc.property(secret, around, around, code, (sent, before, after, error) => {
        const shown = describeOAuthError(error, `${before}${sent}${after}`, [sent]) ?? "";
        expect(shown).not.toContain(sent);
        expect(shown).not.toMatch(/[\p{Cc}\n]/u);
        expect([...shown].length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 300 },
    );
  });

  it("a registration that is taken can be used", async () => {
    const registration = nearly({
      client_id: "c",
      client_secret: "s",
      client_secret_expires_at: 0,
      token_endpoint_auth_method: "client_secret_post",
      registration_access_token: "rat",
      registration_client_uri: `${as}/register/c`,
    });
    await fc.assert(
      fc.asyncProperty(answer(registration), async (one) => {
        const result = await registerClient({
          authorizationServer: {
            issuer: as,
            authorizationEndpoint: `${as}/authorize`,
            tokenEndpoint: `${as}/token`,
            registrationEndpoint: `${as}/register`,
            revocationEndpoint: null,
            scopesSupported: null,
            tokenEndpointAuthMethodsSupported: ["client_secret_post"],
            codeChallengeMethodsSupported: ["S256"],
            clientIdMetadataDocumentSupported: false,
            issParameterSupported: false,
            legacy: false,
          },
          redirectUri: "http://localhost:4000/oauth/callback",
          publicUrl: "http://localhost:4000",
          scopes: [],
          fetch: always(one),
          steps,
        });
        if (!result.ok) return;
        const { clientId, clientSecret, clientSecretExpiresAt, tokenEndpointAuthMethod } =
          result.client;
        expect(clientId).not.toBe("");
        expect(tokenEndpointAuthMethod === "none").toBe(clientSecret === null);
        expect(clientSecretExpiresAt?.getTime()).not.toBeNaN();
      }),
      { numRuns: 300 },
    );
  });

  it("MCP-AUTH-15 of a callback that is not the issuer's, nothing is shown", () => {
    const value = fc.oneof(fc.string(), fc.constantFrom(as, `${as}/`, "access_denied"));
    const names = fc.constantFrom("code", "state", "iss", "error", "error_description", "x");
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 8 }), (pairs) => {
        const params = new URLSearchParams(pairs);
        const reading = readCallback(params, { issuer: as, issParameterSupported: true });
        const issuers = params.getAll("iss");
        const isHonest = issuers.length > 0 && issuers.every((iss) => iss === as);
        if (!isHonest)
          expect(reading).toEqual({
            kind: "refused",
            error: "ISSUER_MISMATCH",
            detail: null,
            errorCode: null,
          });
        if (reading.kind === "code") expect(params.getAll("code")).toEqual([reading.code]);
      }),
      { numRuns: 500 },
    );
  });
});
