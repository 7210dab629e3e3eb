import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalizeResource, coversServer } from "./resource.ts";

describe("canonicalizeResource", () => {
  it.each([
    ["https://MCP.example:443/", "https://mcp.example"],
    ["https://mcp.example/mcp/", "https://mcp.example/mcp"],
    ["https://mcp.example/mcp#x", "https://mcp.example/mcp"],
    ["https://mcp.example/mcp?key=secret", "https://mcp.example/mcp"],
    ["https://mcp.example:8443/a/b", "https://mcp.example:8443/a/b"],
  ])("MCP-AUTH-11 %s becomes %s", (url, resource) => {
    expect(canonicalizeResource(url)).toBe(resource);
  });

  it("MCP-AUTH-11 of any URL: no fragment, no trailing slash, the same again, and it covers the URL", () => {
    const url = fc
      .tuple(
        fc.constantFrom("https://mcp.example", "http://LOCALHOST:4000", "https://[::1]:443"),
        fc.string({ unit: fc.constantFrom(..."/aZ%.;:@ äé~"), maxLength: 12 }),
        fc.constantFrom("", "/", "//", "/.", "/..", "/%2F"),
        fc.constantFrom("", "?", "?key=1/", "?a#b"),
        fc.constantFrom("", "#", "#x/"),
      )
      .map(([origin, ...rest]) => `${origin}/${rest.join("")}`);
    fc.assert(
      fc.property(url, (address) => {
        const server = new URL(address);
        const resource = canonicalizeResource(server);
        expect(resource).not.toMatch(/[#?]|\/$/);
        expect(canonicalizeResource(resource)).toBe(resource);
        expect(coversServer(resource, server)).toBe(true);
      }),
    );
  });
});

describe("coversServer", () => {
  it.each([
    ["https://mcp.example/a", "https://mcp.example/a?key=1", true],
    ["https://mcp.example/a/", "https://mcp.example/a", true],
    ["https://mcp.example/a", "https://mcp.example/a/", true],
    ["https://mcp.example/a", "https://mcp.example/ab", false],
    ["https://mcp.example:8443/a", "https://mcp.example/a", false],
    ["nonsense", "https://mcp.example/a", false],
  ])("MCP-AUTH-11 %s covers %s: %s", (resource, server, covers) => {
    expect(coversServer(resource, new URL(server))).toBe(covers);
  });
});
