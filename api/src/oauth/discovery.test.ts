import { describe, expect, it } from "vitest";
import { authorizationServerSchema } from "./authorization-server.ts";
import { createDiscoveryCache } from "./discovery-cache.ts";
import { discover, type DiscoverOptions } from "./discovery.ts";
import { knownProviders } from "./known-providers.ts";
import { createProfiles } from "./provider-profiles.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

/** A document, or what answers. */
type Route = object | (() => Response | Promise<Response>);

const server = "https://mcp.example/v1/mcp";
const as = "https://as.example";
const prmAt = "https://mcp.example/.well-known/oauth-protected-resource/v1/mcp";
const prmAtRoot = "https://mcp.example/.well-known/oauth-protected-resource";
const asAt = "https://as.example/.well-known/oauth-authorization-server";
const oidcAt = "https://as.example/.well-known/openid-configuration";
const prm = { resource: server, authorization_servers: [as] };

function describeServer(issuer: string, more: Record<string, unknown> = {}): object {
  const origin = new URL(issuer).origin;
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    ...more,
  };
}

/** A web of documents; whatever is not in it is 404. */
function setUp(routes: Record<string, Route>) {
  const time = createVirtualTime();
  const steps: Step[] = [];
  const asked: string[] = [];
  const recorder = createStepRecorder({ onStep: (step) => steps.push(step), clock: time });
  const fetch: DiscoverOptions["fetch"] = async (input) => {
    const url = String(input);
    asked.push(url);
    const route = routes[url];
    if (route === undefined) return new Response("not found", { status: 404 });
    return typeof route === "function"
      ? await (route as () => Promise<Response>)()
      : Response.json(route);
  };
  const run = async (options: Partial<DiscoverOptions> = {}) =>
    await discover({
      serverUrl: server,
      challenge: null,
      fetch,
      steps: recorder,
      profiles: createProfiles(knownProviders),
      ...options,
    });
  return { run, asked, steps, time };
}

const broken = (status: number) => () => new Response("", { status });
const html = () => new Response("<html></html>", { headers: { "content-type": "text/html" } });

describe("discover", () => {
  it("MCP-AUTH-1 finds the authorization server by protected resource metadata", async () => {
    const { run, asked, steps } = setUp({
      [prmAt]: { ...prm, scopes_supported: ["read"] },
      [asAt]: describeServer(as, {
        registration_endpoint: `${as}/register`,
        revocation_endpoint: `${as}/revoke`,
        scopes_supported: ["read", "offline_access"],
        token_endpoint_auth_methods_supported: ["none"],
        client_id_metadata_document_supported: true,
        authorization_response_iss_parameter_supported: true,
      }),
    });
    const answer = await run();
    expect(answer).toEqual({
      ok: true,
      others: [],
      discovery: {
        resource: server,
        issuer: as,
        authorizationServers: [as],
        profile: null,
        metadata: {
          issuer: as,
          authorizationEndpoint: `${as}/authorize`,
          tokenEndpoint: `${as}/token`,
          registrationEndpoint: `${as}/register`,
          revocationEndpoint: `${as}/revoke`,
          scopesSupported: ["read", "offline_access"],
          tokenEndpointAuthMethodsSupported: ["none"],
          codeChallengeMethodsSupported: ["S256"],
          clientIdMetadataDocumentSupported: true,
          issParameterSupported: true,
          legacy: false,
        },
        scopes: ["read", "offline_access"],
      },
    });
    expect(asked).toEqual([prmAt, asAt]);
    expect(steps).toMatchObject([
      { kind: "PROTECTED_RESOURCE_METADATA", outcome: "OK", url: prmAt, httpStatus: 200 },
      { kind: "AUTHORIZATION_SERVER_METADATA", outcome: "OK", url: asAt, httpStatus: 200 },
    ]);
    if (answer.ok) {
      const stored: unknown = JSON.parse(JSON.stringify(answer.discovery.metadata));
      expect(authorizationServerSchema.parse(stored)).toEqual(answer.discovery.metadata);
    }
  });

  describe("the protected resource", () => {
    it("MCP-AUTH-2 looks where the challenge says first, and takes its scope", async () => {
      const named = "https://cdn.example/metadata";
      const { run, asked } = setUp({
        [named]: prm,
        [asAt]: describeServer(as, { scopes_supported: ["a"] }),
      });
      const challenge = { resourceMetadata: named, scope: "challenged" };
      expect(await run({ challenge })).toMatchObject({
        ok: true,
        discovery: { scopes: ["challenged"] },
      });
      expect(asked).toEqual([named, asAt]);
    });

    it("MCP-AUTH-2 then at the well-known place with the path, then at the root", async () => {
      const named = "https://mcp.example/gone";
      const { run, asked, steps } = setUp({
        [prmAtRoot]: { ...prm, resource: "https://mcp.example" },
        [asAt]: describeServer(as),
      });
      expect(await run({ challenge: { resourceMetadata: named } })).toMatchObject({
        ok: true,
        discovery: { resource: "https://mcp.example" },
      });
      expect(asked).toEqual([named, prmAt, prmAtRoot, asAt]);
      expect(steps.map(({ outcome }) => outcome)).toEqual(["SKIPPED", "SKIPPED", "OK", "OK"]);
    });

    it("MCP-AUTH-2 asks the root once for a server without a path, and keeps the query (D12)", async () => {
      const one = setUp({});
      await one.run({ serverUrl: "https://mcp.example/" });
      expect(one.asked.filter((url) => url.includes("protected-resource"))).toEqual([prmAtRoot]);
      const other = setUp({});
      await other.run({ serverUrl: `${server}?tenant=1` });
      expect(other.asked[0]).toBe(`${prmAt}?tenant=1`);
    });

    it("goes past a page of HTML that answers 200 to everything", async () => {
      const { run } = setUp({ [prmAt]: html, [prmAtRoot]: prm, [asAt]: describeServer(as) });
      expect(await run()).toMatchObject({ ok: true });
    });

    it.each([
      ["a page", html],
      ["broken JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ])(
      "goes past %s where the document should be, and tells of it when all else fails",
      async (_name, route) => {
        const challenge = { resourceMetadata: prmAt };
        const one = setUp({
          [prmAt]: route,
          [prmAtRoot]: prm,
          [asAt]: route,
          [oidcAt]: describeServer(as),
        });
        expect(await one.run({ challenge })).toMatchObject({ ok: true });
        expect(one.steps.map(({ outcome }) => outcome)).toEqual(["FAILED", "OK", "FAILED", "OK"]);

        expect(await setUp({ [prmAt]: route }).run({ challenge })).toMatchObject({
          fault: { code: "RESOURCE_METADATA_INVALID", retryable: false },
        });
        expect(await setUp({ [prmAt]: prm, [asAt]: route }).run()).toMatchObject({
          fault: { code: "METADATA_INVALID", retryable: false },
        });
        // What may pass is not taken for a fault that stays.
        for (const status of [502, 503])
          expect(
            await setUp({ [prmAt]: prm, [asAt]: route, [oidcAt]: broken(status) }).run(),
          ).toMatchObject({ fault: { code: "METADATA_UNAVAILABLE", retryable: true } });
      },
    );

    it("still assumes the 2025-03-26 endpoints where a page answers every address", async () => {
      const origin = "https://mcp.example";
      const pages = Object.fromEntries(
        [prmAt, prmAtRoot, `${origin}/.well-known/oauth-authorization-server`].map((at) => [
          at,
          html,
        ]),
      );
      const { run, steps } = setUp(pages);
      expect(await run()).toMatchObject({ ok: true, discovery: { metadata: { legacy: true } } });
      expect(steps.map(({ outcome }) => outcome)).not.toContain("FAILED");
    });

    it("MCP-AUTH-17 G5 does not go where an insecure challenge points", async () => {
      for (const resourceMetadata of [
        "http://elsewhere.example/m",
        "javascript:alert(1)",
        "data:,x",
      ]) {
        const { run, asked, steps } = setUp({ [prmAt]: prm, [asAt]: describeServer(as) });
        expect(await run({ challenge: { resourceMetadata } })).toMatchObject({ ok: true });
        expect(asked).toEqual([prmAt, asAt]);
        expect(steps[0]).toMatchObject({ outcome: "FAILED" });
      }
    });

    it.each([
      ["https://mcp.example/v1/mcp/", true],
      ["https://mcp.example/v1", true],
      ["https://mcp.example", true],
      ["https://mcp.example/v1/mcp/more", false],
      ["https://mcp.example/v1/mc", false],
      ["https://other.example/v1/mcp", false],
      ["http://mcp.example/v1/mcp", false],
      ["https://mcp.example/v1/mcp#x", false],
    ])("MCP-AUTH-11 the resource %s fits: %s", async (resource, fits) => {
      const { run, asked } = setUp({ [prmAt]: { ...prm, resource }, [asAt]: describeServer(as) });
      const answer = await run();
      if (fits) expect(answer).toMatchObject({ ok: true, discovery: { resource } });
      else {
        expect(answer).toMatchObject({ ok: false, fault: { code: "RESOURCE_MISMATCH" } });
        expect(asked).toEqual([prmAt]);
      }
    });

    it("MCP-AUTH-11 sends the published resource byte for byte", async () => {
      const resource = "HTTPS://MCP.example:443/v1/%6Dcp";
      const serverUrl = "https://mcp.example/v1/%6Dcp";
      const { run } = setUp({
        "https://mcp.example/.well-known/oauth-protected-resource/v1/%6Dcp": { ...prm, resource },
        [asAt]: describeServer(as),
      });
      expect(await run({ serverUrl })).toMatchObject({ ok: true, discovery: { resource } });
    });

    it.each([503, 500, 429])("R7 HTTP %i is not taken for nothing", async (status) => {
      const { run, asked } = setUp({
        [prmAt]: broken(status),
        "https://mcp.example/.well-known/oauth-authorization-server":
          describeServer("https://mcp.example"),
      });
      expect(await run()).toMatchObject({
        ok: false,
        fault: { code: "METADATA_UNAVAILABLE", retryable: true },
      });
      expect(asked).toEqual([prmAt, prmAtRoot]);
    });

    it("R7 C11 no answer is not taken for nothing, and the step is named", async () => {
      const { run, steps } = setUp({
        [prmAt]: () => Promise.reject(new DOMException("", "TimeoutError")),
      });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "METADATA_UNAVAILABLE" } });
      expect(steps[0]).toMatchObject({
        kind: "PROTECTED_RESOURCE_METADATA",
        outcome: "FAILED",
        httpStatus: null,
        detail: "no answer in time",
      });
    });

    it("R7 a body that breaks off is not taken for nothing", async () => {
      const cut = () =>
        new Response(
          new ReadableStream({ start: (controller) => controller.error(new Error("cut off")) }),
        );
      const { run } = setUp({ [prmAt]: cut, [asAt]: cut });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "METADATA_UNAVAILABLE" } });
    });
  });

  describe("the authorization server", () => {
    const forIssuer = (issuer: string, routes: Record<string, Route>) =>
      setUp({ [prmAt]: { ...prm, authorization_servers: [issuer] }, ...routes });

    it("MCP-AUTH-4 an issuer with a path is looked for at three places, in order", async () => {
      const issuer = "https://as.example/tenant";
      const places = [
        "https://as.example/.well-known/oauth-authorization-server/tenant",
        "https://as.example/.well-known/openid-configuration/tenant",
        "https://as.example/tenant/.well-known/openid-configuration",
      ];
      for (const [index, place] of places.entries()) {
        const { run, asked } = forIssuer(issuer, { [place]: describeServer(issuer) });
        expect(await run()).toMatchObject({ ok: true, discovery: { issuer } });
        expect(asked.slice(1)).toEqual(places.slice(0, index + 1));
      }
    });

    it("MCP-AUTH-4 an issuer without a path is looked for at two", async () => {
      const { run, asked } = forIssuer(as, {});
      expect(await run()).toMatchObject({ ok: false, fault: { code: "METADATA_MISSING" } });
      expect(asked.slice(1)).toEqual([asAt, "https://as.example/.well-known/openid-configuration"]);
    });

    it("MCP-AUTH-4 keeps the revocation endpoint of an OpenID document", async () => {
      const { run } = forIssuer(as, {
        "https://as.example/.well-known/openid-configuration": describeServer(as, {
          revocation_endpoint: `${as}/revoke`,
        }),
      });
      expect(await run()).toMatchObject({
        ok: true,
        discovery: { metadata: { revocationEndpoint: `${as}/revoke` } },
      });
    });

    it.each([
      ["https://as.example", "https://AS.example"],
      ["https://as.example", "https://as.example//"],
      ["https://as.example", "https://as.example/tenant"],
      ["https://as.example", "https://as.example:443"],
      ["https://as.example", "https://evil.example"],
    ])("MCP-AUTH-5 listed as %s, calls itself %s: refused", async (listed, issuer) => {
      const { run } = forIssuer(listed, { [asAt]: describeServer(issuer) });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "ISSUER_MISMATCH" } });
    });

    it.each([
      ["https://as.example", "https://as.example/"],
      ["https://as.example/", "https://as.example"],
    ])(
      "I16 listed as %s, calls itself %s: accepted in its own spelling",
      async (listed, issuer) => {
        const { run } = forIssuer(listed, { [asAt]: describeServer(issuer) });
        expect(await run()).toMatchObject({ ok: true, discovery: { issuer } });
      },
    );

    it("MCP-AUTH-5 an issuer with a trailing slash is taken as it is", async () => {
      const issuer = "https://as.example/";
      const { run } = forIssuer(issuer, { [asAt]: describeServer(issuer) });
      expect(await run()).toMatchObject({ ok: true, discovery: { issuer } });
    });

    it("MCP-AUTH-5 goes past another issuer's document to the right one", async () => {
      const issuer = "https://as.example/tenant";
      const { run } = forIssuer(issuer, {
        "https://as.example/.well-known/oauth-authorization-server/tenant": describeServer(as),
        "https://as.example/tenant/.well-known/openid-configuration": describeServer(issuer),
      });
      expect(await run()).toMatchObject({ ok: true, discovery: { issuer } });
    });

    it.each([
      ["absent", { code_challenge_methods_supported: undefined }],
      ["null", { code_challenge_methods_supported: null }],
      ["plain alone", { code_challenge_methods_supported: ["plain"] }],
    ])("MCP-AUTH-10 PKCE methods %s: refused, in OpenID documents too", async (_name, more) => {
      for (const place of [asAt, "https://as.example/.well-known/openid-configuration"]) {
        const { run } = forIssuer(as, { [place]: describeServer(as, more) });
        expect(await run()).toMatchObject({ ok: false, fault: { code: "PKCE_UNSUPPORTED" } });
      }
    });

    it.each([
      "authorization_endpoint",
      "token_endpoint",
      "registration_endpoint",
      "revocation_endpoint",
    ])("MCP-AUTH-17 G5 an insecure %s is refused", async (field) => {
      for (const url of ["http://as.example/x", "javascript:alert(1)", "data:text/html,x", "/x"]) {
        const { run } = forIssuer(as, { [asAt]: describeServer(as, { [field]: url }) });
        expect(await run()).toMatchObject({ ok: false, fault: { code: "INSECURE_ENDPOINT" } });
      }
    });

    it("MCP-AUTH-17 loopback endpoints may be http", async () => {
      const issuer = "http://127.0.0.1:4010";
      const { run } = forIssuer(issuer, {
        [`${issuer}/.well-known/oauth-authorization-server`]: describeServer(issuer),
      });
      expect(await run()).toMatchObject({ ok: true, discovery: { issuer } });
    });

    it.each(["http://as.example", "https://as.example/?tenant=1", "https://u:p@as.example"])(
      "MCP-AUTH-17 the identifier %s is asked for nothing",
      async (issuer) => {
        const { run, asked } = forIssuer(issuer, {});
        expect(await run()).toMatchObject({
          ok: false,
          fault: { code: "INSECURE_AUTHORIZATION_SERVER" },
        });
        expect(asked).toEqual([prmAt]);
      },
    );

    it("refuses one without the code flow, and takes one that does not say", async () => {
      const implicit = forIssuer(as, {
        [asAt]: describeServer(as, { response_types_supported: ["token"] }),
      });
      expect(await implicit.run()).toMatchObject({ fault: { code: "CODE_FLOW_UNSUPPORTED" } });
      const silent = forIssuer(as, {
        [asAt]: describeServer(as, { response_types_supported: undefined }),
      });
      expect(await silent.run()).toMatchObject({ ok: true });
    });

    it("D10 tolerates nonsense in fields that it can do without", async () => {
      const { run } = forIssuer(as, {
        [asAt]: describeServer(as, {
          registration_endpoint: null,
          revocation_endpoint: "",
          scopes_supported: "read",
          token_endpoint_auth_methods_supported: 7,
          client_id_metadata_document_supported: "true",
          authorization_response_iss_parameter_supported: "yes",
        }),
      });
      expect(await run()).toMatchObject({
        ok: true,
        discovery: {
          metadata: {
            registrationEndpoint: null,
            revocationEndpoint: null,
            scopesSupported: null,
            tokenEndpointAuthMethodsSupported: null,
            clientIdMetadataDocumentSupported: false,
            issParameterSupported: false,
          },
        },
      });
    });

    it.each(["authorization_endpoint", "token_endpoint"])("an empty %s is none", async (field) => {
      const { run } = forIssuer(as, { [asAt]: describeServer(as, { [field]: "" }) });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "METADATA_INVALID" } });
    });

    it("says what is missing", async () => {
      const { run, steps } = forIssuer(as, { [asAt]: { issuer: as } });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "METADATA_INVALID" } });
      expect(steps[1]).toMatchObject({
        outcome: "FAILED",
        detail: expect.stringContaining("token_endpoint") as unknown,
      });
    });

    it("R7 a failure of one place does not hide the document at another", async () => {
      const { run } = forIssuer(as, {
        [asAt]: broken(503),
        "https://as.example/.well-known/openid-configuration": describeServer(as),
      });
      expect(await run()).toMatchObject({ ok: true });
      const down = forIssuer(as, { [asAt]: broken(503) });
      expect(await down.run()).toMatchObject({
        fault: { code: "METADATA_UNAVAILABLE", retryable: true },
      });
    });
  });

  describe("several authorization servers", () => {
    const other = "https://other.example";
    const otherAt = "https://other.example/.well-known/oauth-authorization-server";
    const both = { [prmAt]: { ...prm, authorization_servers: [as, other] } };

    it("MCP-AUTH-3 takes the first that is usable", async () => {
      const documents = { [asAt]: describeServer(as), [otherAt]: describeServer(other) };
      const first = setUp({ ...both, ...documents });
      expect(await first.run()).toMatchObject({
        ok: true,
        discovery: { issuer: as, authorizationServers: [as, other] },
      });
      const second = setUp({ ...both, [otherAt]: describeServer(other) });
      expect(await second.run()).toMatchObject({ ok: true, discovery: { issuer: other } });
    });

    it("MCP-AUTH-3 takes the chosen one and no other", async () => {
      const chosen = setUp({
        ...both,
        [asAt]: describeServer(as),
        [otherAt]: describeServer(other),
      });
      expect(await chosen.run({ chosenIssuer: other })).toMatchObject({
        ok: true,
        discovery: { issuer: other },
      });
      const gone = setUp({ ...both, [asAt]: describeServer(as) });
      expect(await gone.run({ chosenIssuer: other })).toMatchObject({ ok: false });
      expect(gone.asked).not.toContain(asAt);
      const unlisted = setUp({ ...both, [asAt]: describeServer(as) });
      expect(await unlisted.run({ chosenIssuer: "https://as.example/tenant" })).toMatchObject({
        fault: { code: "AUTHORIZATION_SERVER_NOT_LISTED" },
      });
      expect(unlisted.asked).toEqual([prmAt]);
    });

    const third = "https://third.example";
    const working = {
      [prmAt]: { ...prm, authorization_servers: [as, other, third] },
      [asAt]: describeServer(as, { scopes_supported: ["offline_access"] }),
      [`${third}/.well-known/oauth-authorization-server`]: describeServer(third),
    };

    it("MCP-AUTH-3 names every one that works, each with its own scopes, if asked to", async () => {
      const { run, steps } = setUp(working);
      expect(await run({ wantsAll: true })).toMatchObject({
        ok: true,
        discovery: { issuer: as, scopes: ["offline_access"] },
        others: [
          { issuer: third, resource: server, scopes: [], authorizationServers: [as, other, third] },
        ],
      });
      // Why the third is none of them.
      expect(steps).toContainEqual(
        expect.objectContaining({
          outcome: "FAILED",
          url: `${other}/`,
          detail: "The authorization server publishes no metadata.",
        }),
      );
      expect(await setUp(working).run()).toMatchObject({ discovery: { issuer: as }, others: [] });
    });

    it("MCP-AUTH-3 one without PKCE is none that works", async () => {
      const { run } = setUp({
        ...working,
        [asAt]: describeServer(as, { code_challenge_methods_supported: ["plain"] }),
      });
      expect(await run({ wantsAll: true })).toMatchObject({
        discovery: { issuer: third },
        others: [],
      });
    });

    it("looks at all of them at once, and at five at most", async () => {
      const waiting: (() => void)[] = [];
      const many = Array.from({ length: 9 }, (_, index) => `https://as${index}.example`);
      const routes = many.map((issuer): [string, Route] => [
        `${issuer}/.well-known/oauth-authorization-server`,
        () =>
          new Promise<Response>((resolve) => {
            waiting.push(() => resolve(Response.json(describeServer(issuer))));
            if (waiting.length === 5) for (const answer of waiting) answer();
          }),
      ]);
      const { run } = setUp({
        [prmAt]: { ...prm, authorization_servers: many },
        ...Object.fromEntries(routes),
      });
      const answer = await run({ wantsAll: true });
      expect(answer).toMatchObject({ discovery: { issuer: many[0] } });
      expect(answer.ok && answer.others.map(({ issuer }) => issuer)).toEqual(many.slice(1, 5));
    });

    it("MCP-AUTH-3 goes back to the earlier one while it is listed, and looks at no other", async () => {
      const { run, asked } = setUp(working);
      expect(await run({ wantsAll: true, earlierIssuer: third })).toMatchObject({
        discovery: { issuer: third },
        others: [],
      });
      expect(asked).not.toContain(asAt);
      const unlisted = await run({ wantsAll: true, earlierIssuer: "https://gone.example" });
      expect(unlisted).toMatchObject({ discovery: { issuer: as }, others: [{ issuer: third }] });
      // Listed, but it publishes nothing any more.
      const useless = await run({ wantsAll: true, earlierIssuer: other });
      expect(useless).toMatchObject({ discovery: { issuer: as }, others: [{ issuer: third }] });
    });

    it("R7 the earlier one being down moves nobody elsewhere", async () => {
      const { run, asked } = setUp({ ...working, [otherAt]: broken(503) });
      expect(await run({ wantsAll: true, earlierIssuer: other })).toMatchObject({
        ok: false,
        fault: { retryable: true },
      });
      expect(asked).not.toContain(asAt);
    });

    it("uses what the settings name, listed or not, and says so", async () => {
      const own = "https://own.example";
      const routes = {
        ...working,
        [`${own}/.well-known/oauth-authorization-server`]: describeServer(own),
      };
      const { run, asked, steps } = setUp(routes);
      expect(await run({ forcedIssuer: own, chosenIssuer: as, wantsAll: true })).toMatchObject({
        discovery: { issuer: own, resource: server },
        others: [],
      });
      expect(asked).not.toContain(asAt);
      expect(steps.map(({ detail }) => detail)).toContain(
        "The settings specify this authorization server, but the server does not list it.",
      );
      const bare = setUp({
        [`${own}/.well-known/oauth-authorization-server`]: describeServer(own),
      });
      expect(await bare.run({ forcedIssuer: own })).toMatchObject({ discovery: { issuer: own } });
      const listed = setUp(routes);
      await listed.run({ forcedIssuer: as });
      expect(listed.steps.map(({ detail }) => detail)).toContain(
        "The settings specify this authorization server, and the server lists it.",
      );
      // No second best for what an admin has set.
      const lone = setUp(working);
      expect(await lone.run({ forcedIssuer: own })).toMatchObject({
        ok: false,
        fault: { code: "METADATA_MISSING" },
      });
    });

    it("asks for the scopes of the settings, and says so", async () => {
      const { run, steps } = setUp(working);
      const challenge = { scope: "read" };
      expect(await run({ challenge, chosenScopes: ["mine"] })).toMatchObject({
        discovery: { scopes: ["mine", "offline_access"] },
      });
      expect(steps.map(({ detail }) => detail)).toContain(
        "The scopes are taken from the settings, not from the server.",
      );
    });

    it("tells the first fault when none is usable, and tries five at most", async () => {
      const many = Array.from({ length: 50 }, (_, index) => `https://as${index}.example`);
      const { run, asked } = setUp({ [prmAt]: { ...prm, authorization_servers: many } });
      expect(await run()).toMatchObject({ fault: { code: "METADATA_MISSING" } });
      expect(asked).toHaveLength(1 + 5 * 2);
    });
  });

  describe("without protected resource metadata", () => {
    const origin = "https://mcp.example";
    const originAt = `${origin}/.well-known/oauth-authorization-server`;

    it("takes metadata at the server's origin, in either spelling of the issuer", async () => {
      for (const issuer of [origin, `${origin}/`]) {
        const { run } = setUp({ [originAt]: describeServer(issuer) });
        expect(await run()).toMatchObject({
          ok: true,
          discovery: { issuer, resource: server, metadata: { legacy: false } },
        });
      }
    });

    it("takes a gateway's 502 for an unknown path, as long as nothing is guessed", async () => {
      const { run } = setUp({ [prmAt]: broken(502), [originAt]: describeServer(origin) });
      expect(await run()).toMatchObject({ ok: true, discovery: { issuer: origin } });
    });

    it("MCP-AUTH-5 but no other issuer, and no guess after it", async () => {
      const { run } = setUp({ [originAt]: describeServer("https://elsewhere.example") });
      expect(await run()).toMatchObject({ ok: false, fault: { code: "ISSUER_MISMATCH" } });
    });

    it("MCP-AUTH-10 falls back to the 2025-03-26 endpoints at the origin, and notes it", async () => {
      const { run, steps } = setUp({});
      expect(await run({ serverUrl: `${server}/?key=1` })).toEqual({
        ok: true,
        others: [],
        discovery: {
          resource: server,
          issuer: origin,
          authorizationServers: [origin],
          profile: null,
          metadata: expect.objectContaining({
            issuer: origin,
            authorizationEndpoint: `${origin}/authorize`,
            tokenEndpoint: `${origin}/token`,
            registrationEndpoint: `${origin}/register`,
            legacy: true,
          }) as unknown,
          scopes: [],
        },
      });
      expect(steps.at(-1)).toMatchObject({
        outcome: "SKIPPED",
        detail: expect.stringContaining("PKCE") as unknown,
      });
    });

    it("guesses nothing when anything spoke of metadata, or failed", async () => {
      const named = { resourceMetadata: "https://mcp.example/gone" };
      expect(await setUp({}).run({ challenge: named })).toMatchObject({ ok: false });
      const withoutServers = setUp({ [prmAt]: { resource: server } });
      expect(await withoutServers.run()).toMatchObject({
        fault: { code: "AUTHORIZATION_SERVER_UNNAMED" },
      });
      for (const place of [prmAt, originAt]) {
        expect(await setUp({ [place]: broken(502) }).run()).toMatchObject({ ok: false });
      }
      expect(await setUp({ [originAt]: broken(500) }).run()).toMatchObject({ ok: false });
    });

    it("MCP-AUTH-17 guesses nothing over plain http", async () => {
      const { run } = setUp({});
      expect(await run({ serverUrl: "http://mcp.example/mcp" })).toMatchObject({ ok: false });
      expect(await run({ serverUrl: "http://localhost:1/mcp" })).toMatchObject({ ok: true });
    });

    it("refuses what is no http URL", async () => {
      for (const serverUrl of ["", "mcp.example", "file:///x", "javascript:1"]) {
        const { run, asked } = setUp({});
        expect(await run({ serverUrl })).toMatchObject({ fault: { code: "INVALID_SERVER_URL" } });
        expect(asked).toEqual([]);
      }
    });
  });

  describe("the cache", () => {
    const routes = { [prmAt]: prm, [asAt]: describeServer(as) };

    it("asks an issuer once per lifetime, and again once it is forgotten", async () => {
      const { run, asked, steps, time } = setUp(routes);
      time.jump(1);
      const cache = createDiscoveryCache({ clock: time, ttlMs: 60_000 });
      const count = () => asked.filter((url) => url === asAt).length;
      await run({ cache });
      await run({ cache });
      expect(count()).toBe(1);
      expect(steps.at(-1)).toMatchObject({ outcome: "SKIPPED", httpStatus: null });
      time.jump(60_001);
      await run({ cache });
      expect(count()).toBe(2);
      cache.forget(as);
      await run({ cache });
      expect(count()).toBe(3);
    });

    it("keeps neither refusals nor guesses", async () => {
      const { run, asked, time } = setUp({});
      const cache = createDiscoveryCache({ clock: time, ttlMs: 60_000 });
      await run({ cache });
      const before = asked.length;
      await run({ cache });
      expect(asked.length).toBe(before * 2);
    });

    it("is bounded: the oldest goes first", async () => {
      const { run, time } = setUp(routes);
      const cache = createDiscoveryCache({ clock: time, ttlMs: 60_000, maxEntries: 2 });
      const answer = await run();
      if (!answer.ok) throw new Error("no metadata");
      for (const issuer of ["a", "b", "a", "c"])
        cache.set({ ...answer.discovery.metadata, issuer });
      expect(["a", "b", "c"].map((issuer) => cache.get(issuer) !== null)).toEqual([
        true,
        false,
        true,
      ]);
    });
  });
});
