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
