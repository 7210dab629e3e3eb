import { describe, expect, it } from "vitest";
import { guessAuthorizationServer } from "./authorization-server.ts";
import { atlassian, entra, google, knownProviders, slack } from "./known-providers.ts";
import {
  createProfiles,
  describeProfile,
  mayNameIssuer,
  type HostProfile,
} from "./provider-profiles.ts";

const profiles = createProfiles(knownProviders);

function publish(issuer: string, paths: { authorization: string; token: string; reg?: string }) {
  return {
    ...guessAuthorizationServer(issuer),
    legacy: false,
    authorizationEndpoint: issuer + paths.authorization,
    tokenEndpoint: issuer + paths.token,
    registrationEndpoint: paths.reg === undefined ? null : issuer + paths.reg,
  };
}

describe("matching by host", () => {
  it.each([
    ["https://slack.com", "Slack"],
    ["https://mcp.slack.com", "Slack"],
    ["https://github.com/login/oauth", "GitHub"],
    ["https://octo.ghe.com/login/oauth", "GitHub"],
    ["https://login.microsoftonline.com/9188040d/v2.0", "Entra"],
    ["https://contoso.ciamlogin.com/9188040d/v2.0", "Entra"],
    ["https://accounts.google.com/", "Google"],
    ["https://accounts.google.com", "Google"],
    ["https://mcp.atlassian.com", "Atlassian"],
    ["https://auth.atlassian.com/VCeDsk8", "Atlassian"],
    ["https://mcp.notion.com", "Notion"],
  ])("%s is %s", (issuer, name) => {
    expect(profiles.matchIssuer(issuer)?.name).toBe(name);
  });

  it.each([
    "https://evil.example/slack.com",
    "https://slack.com.evil.example",
    "https://evilslack.com",
    "https://notghe.com",
    "https://ghe.com",
    "https://sub.accounts.google.com",
    "https://accounts.google.com:8443",
    "https://accounts.google.com@evil.example",
    "https://user@accounts.google.com",
    "https://accounts.google.com?issuer",
    "https://accounts.google.com.",
    "http://accounts.google.com",
    "accounts.google.com",
    "",
  ])("%j is nobody", (issuer) => {
    expect(profiles.matchIssuer(issuer)).toBeNull();
  });
});

describe("matching by shape", () => {
  it.each([
    ["https://as.example", "/auth", "/token", "/reg", "oidc-provider"],
    ["https://as.example/op", "/auth", "/token", undefined, "oidc-provider"],
    [
      "https://app.example/api/auth",
      "/oauth2/authorize",
      "/oauth2/token",
      "/oauth2/register",
      "better-auth",
    ],
    [
      "https://app.example/api/auth",
      "/mcp/authorize",
      "/mcp/token",
      "/mcp/register",
      "better-auth",
    ],
    ["https://as.example", "/authorize", "/token", "/register", undefined],
    ["https://as.example", "/auth", "/token", "/elsewhere", undefined],
  ])("%s with %s, %s and %s is %s", (issuer, authorization, token, reg, name) => {
    const metadata = publish(issuer, { authorization, token, ...(reg ? { reg } : {}) });
    expect(profiles.match(metadata)?.name).toBe(name);
  });

  it("a host decides before a shape, and what was only guessed has none", () => {
    const paths = { authorization: "/auth", token: "/token" };
    expect(profiles.match(publish("https://mcp.notion.com", paths))?.name).toBe("Notion");
    const guessed = { ...publish("https://as.example", paths), legacy: true };
    expect(profiles.match(guessed)).toBeNull();
  });

  it("nothing that anybody can look like carries a deviation", () => {
    const shapes = knownProviders.filter((profile) => !("hosts" in profile));
    expect(shapes.map(({ name }) => name)).toEqual(["oidc-provider", "better-auth"]);
    for (const { deviations } of shapes) expect(deviations).toEqual({});
  });
});

describe("MCP-AUTH-5 which issuer metadata may name", () => {
  const profile = (deviations: HostProfile["deviations"]): HostProfile => ({
    name: "P",
    hosts: ["a.example", "b.example"],
    expects: [],
    deviations,
  });
  const elsewhere = profile({ "issuer-elsewhere": true });
  const slash = profile({ "issuer-trailing-slash": true });

  it.each<[string, HostProfile | null, string, string, boolean]>([
    ["identical", null, "https://x.example", "https://x.example", true],
    ["a slash, without profile", null, "https://x.example/", "https://x.example", false],
    [
      "a slash, profile without the deviation",
      profile({}),
      "https://a.example/",
      "https://a.example",
      false,
    ],
    ["a slash more", slash, "https://a.example", "https://a.example/", true],
    ["a slash less", slash, "https://a.example/", "https://a.example", true],
    ["two slashes", slash, "https://a.example//", "https://a.example", false],
    ["another path", slash, "https://a.example/", "https://a.example/x", false],
    ["a sister's host", slash, "https://a.example/", "https://b.example", false],
    ["a slash at a stranger", slash, "https://x.example/", "https://x.example", false],
    ["the house's other host", elsewhere, "https://a.example", "https://b.example", true],
    ["the house's other path", elsewhere, "https://a.example/x", "https://a.example", true],
    ["a stranger for the house", elsewhere, "https://a.example", "https://x.example", false],
    ["the house for a stranger", elsewhere, "https://x.example", "https://a.example", false],
    ["http", elsewhere, "https://a.example", "http://b.example", false],
  ])("%s", (_what, allowing, identifier, issuer, expected) => {
    expect(mayNameIssuer(allowing, identifier, issuer)).toBe(expected);
  });

  it.each([
    [google, "https://accounts.google.com/", "https://accounts.google.com"],
    [atlassian, "https://mcp.atlassian.com", "https://cf.mcp.atlassian.com"],
    [atlassian, "https://auth.atlassian.com/VCeDsk8", "https://auth.atlassian.com"],
    [slack, "https://mcp.slack.com", "https://slack.com"],
  ])("$name: metadata at %s names %s", (known, identifier, issuer) => {
    expect(mayNameIssuer(known, identifier, issuer)).toBe(true);
  });
});

it("finds deviations by a stored name, and none for a name that is gone", () => {
  expect(profiles.deviationsOf("Entra")).toBe(entra.deviations);
  expect(profiles.deviationsOf("Gone")).toEqual({});
  expect(profiles.deviationsOf(null)).toEqual({});
});

it("describes a profile in words fit for a step", () => {
  expect(describeProfile(entra)).toBe(
    "Provider profile: Entra (no-resource-parameter, pkce-unlisted, no-consent-prompt). " +
      "Expected: does not support automatic client registration; no scope is sent on refresh, so none is mixed.",
  );
  const plain = { name: "P", hosts: [], deviations: {}, expects: [] };
  expect(describeProfile(plain)).toBe("Provider profile: P (no deviations).");
});
