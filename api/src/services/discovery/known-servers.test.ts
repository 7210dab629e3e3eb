import { describe, expect, it } from "vitest";
import { knownProviders } from "#oauth/known-providers.ts";
import { findKnownServer, knownServers, listQuirks, searchKnownServers } from "./known-servers.ts";

const repeated = (values: string[]) =>
  values.filter((value, place) => values.indexOf(value) !== place);

const namesFound = (text: string) => searchKnownServers(text).map(({ name }) => name);

describe("the known servers", () => {
  it("have different names, URLs and hosts", () => {
    expect(knownServers.length).toBeGreaterThanOrEqual(40);
    expect(repeated(knownServers.map(({ name }) => name.toLowerCase()))).toEqual([]);
    expect(repeated(knownServers.map(({ url }) => new URL(url).host))).toEqual([]);
  });

  it.each(knownServers)("$name has https addresses and clean texts", (server) => {
    for (const address of [server.url, server.documentationUrl]) {
      const { protocol, search, hash, username } = new URL(address);
      expect([protocol, search, hash, username], address).toEqual(["https:", "", "", ""]);
    }
    const { notes = [], scopes = [], keyHeader } = server;
    for (const sentence of [server.purpose, ...notes]) expect(sentence).toMatch(/^[A-Z].*\.$/);
    const texts = [server.name, server.purpose, server.unverified ?? "open", ...notes, ...scopes];
    for (const text of texts) expect(text).toBe(text.trim());
    if (keyHeader) expect(keyHeader.name).toMatch(/^[\w-]+$/);
  });

  it.each(knownServers)(
    "$name says how it authenticates callers, without contradiction",
    (server) => {
      const { authType, registration = [], scopes = [], keyHeader, unverified } = server;
      if (authType !== "OAUTH") expect([registration, scopes]).toEqual([[], []]);
      const isComplete =
        authType === "NONE" || (authType === "OAUTH" ? registration.length > 0 : !!keyHeader);
      expect(isComplete || unverified !== undefined).toBe(true);
    },
  );

  it("take their quirks from provider profiles that exist", () => {
    const profiles = knownProviders.map(({ name }) => name);
    const withProvider = knownServers.filter(({ provider }) => provider !== undefined);
    expect(withProvider.map(({ name }) => name)).toContain("Slack");
    for (const { provider } of withProvider) expect(profiles).toContain(provider);
    const quirksOf = (text: string) => searchKnownServers(text).map(listQuirks);
    expect(quirksOf("mcp.slack.com")).toEqual([expect.arrayContaining(["user-scope"])]);
    expect(quirksOf("mcp.linear.app")).toEqual([[]]);
  });
});

describe("findKnownServer", () => {
  it("finds a server by its host, whatever the path", () => {
    expect(findKnownServer("https://mcp.context7.com/other?a=b")?.keyHeader).toEqual({
      name: "CONTEXT7_API_KEY",
      scheme: null,
    });
    expect(findKnownServer("https://MCP.Linear.App")?.keyHeader?.scheme).toBe("Bearer");
  });

  it.each(["https://linear.app/mcp", "https://mcp.linear.app.example.com/", "no URL", ""])(
    "finds nothing for %j",
    (url) => {
      expect(findKnownServer(url)).toBeNull();
    },
  );
});

describe("searchKnownServers", () => {
  it("looks into name, host and purpose, ignoring case", () => {
    expect(namesFound("notion")).toEqual(["Notion"]);
    expect(namesFound("githubcopilot.COM")).toEqual(["GitHub"]);
    expect(namesFound(" jira ")).toEqual(["Atlassian"]);
    expect(namesFound("nothing of this kind")).toEqual([]);
  });

  it("finds all servers for a blank text, by name", () => {
    const names = namesFound(" ");
    expect(names).toHaveLength(knownServers.length);
    expect(names).toEqual(names.toSorted((one, other) => one.localeCompare(other, "en")));
  });
});
