import { describe, expect, it } from "vitest";
import { discover, type DiscoverOptions } from "./discovery.ts";
import { knownProviders } from "./known-providers.ts";
import { createProfiles } from "./provider-profiles.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

/** Documents at their addresses; all else is 404. */
async function run(documents: Record<string, object>, options: Partial<DiscoverOptions> = {}) {
  const steps: Step[] = [];
  const fetch: DiscoverOptions["fetch"] = async (input) => {
    const document = documents[String(input)];
    return document ? Response.json(document) : new Response("", { status: 404 });
  };
  const answer = await discover({
    serverUrl: "https://mcp.example",
    challenge: null,
    fetch,
    steps: createStepRecorder({ onStep: (step) => steps.push(step), clock: createVirtualTime() }),
    profiles: createProfiles(knownProviders),
    ...options,
  });
  return { answer, details: steps.map(({ detail }) => detail ?? "") };
}

const describeServer = (issuer: string, methods: string[] | null): object => ({
  issuer,
  authorization_endpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/authorize",
  token_endpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/token",
  response_types_supported: ["code"],
  ...(methods ? { code_challenge_methods_supported: methods } : {}),
});

const listing = (issuer: string, resource = "https://mcp.example") => ({
  [`${resource}/.well-known/oauth-protected-resource`]: {
    resource,
    authorization_servers: [issuer],
  },
});

const entraIssuer = "https://login.microsoftonline.com/t/v2.0";
const entraPlace = `${entraIssuer}/.well-known/openid-configuration`;

describe("MCP-AUTH-10 metadata without PKCE methods", () => {
  it("is refused, but at Entra, where a step says so", async () => {
    const { answer, details } = await run({
      ...listing(entraIssuer),
      [entraPlace]: describeServer(entraIssuer, null),
    });
    expect(answer).toMatchObject({ ok: true, discovery: { profile: { name: "Entra" } } });
    expect(details).toContain("PKCE is used, although the metadata does not list it as supported.");
    expect(details).toContainEqual(
      expect.stringMatching(/^Provider profile: Entra \(no-resource-parameter, pkce-unlisted/),
    );

    const stranger = "https://as.example";
    const refused = await run({
      ...listing(stranger),
      [`${stranger}/.well-known/openid-configuration`]: describeServer(stranger, null),
    });
    expect(refused.answer).toMatchObject({ ok: false, fault: { code: "PKCE_UNSUPPORTED" } });
  });

  it("a list without S256 is refused at Entra too", async () => {
    const { answer } = await run({
      ...listing(entraIssuer),
      [entraPlace]: describeServer(entraIssuer, ["plain"]),
    });
    expect(answer).toMatchObject({ ok: false, fault: { code: "PKCE_UNSUPPORTED" } });
  });

  it("a stranger that calls itself Entra is refused", async () => {
    const stranger = "https://as.example";
    const { answer } = await run({
      ...listing(stranger),
      [`${stranger}/.well-known/openid-configuration`]: describeServer(entraIssuer, null),
    });
    expect(answer).toMatchObject({ ok: false, fault: { code: "ISSUER_MISMATCH" } });
  });
});

describe("MCP-AUTH-5 metadata that names another issuer", () => {
  const place = "https://accounts.google.com/.well-known/oauth-authorization-server";
  const google = {
    ...listing("https://accounts.google.com/"),
    [place]: describeServer("https://accounts.google.com", ["S256"]),
  };

  it("Google's slash is taken, and the issuer is the document's own", async () => {
    const { answer, details } = await run(google);
    expect(answer).toMatchObject({
      ok: true,
      discovery: {
        issuer: "https://accounts.google.com",
        authorizationServers: ["https://accounts.google.com/"],
        profile: { name: "Google" },
      },
    });
    expect(details).toContain(
      "The metadata names https://accounts.google.com, which the profile Google allows.",
    );
  });

  it("MCP-AUTH-9 a client pinned to the document's issuer finds it again, and another does not", async () => {
    const again = await run(google, { chosenIssuer: "https://accounts.google.com" });
    expect(again.answer.ok).toBe(true);
    const other = await run(google, { chosenIssuer: "https://accounts.example" });
    expect(other.answer).toMatchObject({
      ok: false,
      fault: { code: "AUTHORIZATION_SERVER_NOT_LISTED" },
    });
  });

  it("Atlassian's origin may name its other host, also when pinned to that", async () => {
    const origin = "https://mcp.atlassian.com";
    const named = "https://cf.mcp.atlassian.com";
    const documents = {
      [`${origin}/.well-known/oauth-authorization-server`]: describeServer(named, ["S256"]),
    };
    for (const chosenIssuer of [null, named]) {
      const { answer } = await run(documents, { serverUrl: `${origin}/v1/sse`, chosenIssuer });
      expect(answer).toMatchObject({
        ok: true,
        discovery: { issuer: named, profile: { name: "Atlassian" } },
      });
    }
  });

  it("I16 the same slash is accepted at everybody else, and the step says so", async () => {
    const { answer, details } = await run({
      ...listing("https://as.example/"),
      "https://as.example/.well-known/oauth-authorization-server": describeServer(
        "https://as.example",
        ["S256"],
      ),
    });
    expect(answer).toMatchObject({ ok: true, discovery: { issuer: "https://as.example" } });
    expect(details.join()).toContain("differ only by a trailing slash");
  });
});
