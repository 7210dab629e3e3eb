import { describe, expect, it } from "vitest";
import { isHostAllowed, isLoopbackUrl, parseHostPattern, readHost } from "./host-rules.ts";

const isAllowed = (url: string, ...patterns: string[]) => {
  const hosts = patterns.map((pattern) => {
    const parsed = parseHostPattern(pattern);
    if (!parsed) throw new Error(`bad pattern ${pattern}`);
    return parsed;
  });
  return isHostAllowed(readHost(new URL(url)), hosts);
};

describe("isHostAllowed", () => {
  it.each([
    ["https://mcp.example.com/x", "mcp.example.com"],
    ["https://MCP.Example.com./x", "mcp.example.COM"],
    ["https://a.example.com", "*.example.com"],
    ["https://a.b.example.com", "*.example.com"],
    ["https://bücher.example", "BÜCHER.example"],
    ["https://xn--bcher-kva.example", "bücher.example"],
    ["http://[2606:4700::1]/", "2606:4700:0::1"],
    ["http://8.8.8.8/", "8.8.8.8"],
    ["http://8.8.8.8:8080/", "8.8.8.8"],
  ])("allows %s by %s", (url, pattern) => {
    expect(isAllowed(url, pattern)).toBe(true);
  });

  it.each([
    ["https://example.com", "*.example.com"],
    ["https://evilexample.com", "*.example.com"],
    ["https://evilexample.com", "example.com"],
    ["https://example.com.evil.test", "example.com"],
    ["https://example.com.evil.test", "*.example.com"],
    ["https://a.example.com", "example.com"],
    ["https://evil.test/example.com", "example.com"],
    ["https://evil.test#.example.com", "*.example.com"],
  ])("refuses %s by %s", (url, pattern) => {
    expect(isAllowed(url, pattern)).toBe(false);
  });

  it("allows everything without patterns, and by any one of several", () => {
    expect(isAllowed("https://anything.test")).toBe(true);
    expect(isAllowed("https://b.test", "a.test", "b.test")).toBe(true);
  });
});

describe("parseHostPattern", () => {
  it.each([
    "",
    "*",
    "*.",
    "a.*.com",
    "https://a.com",
    "a.com/x",
    "a.com:443",
    "a b",
    "u@a.com",
    "a%2ecom",
  ])("refuses %j", (pattern) => {
    expect(parseHostPattern(pattern)).toBeNull();
  });
});

describe("isLoopbackUrl", () => {
  it.each([
    ["http://localhost/", true],
    ["http://LOCALHOST./", true],
    ["http://app.localhost:4010/", true],
    ["http://127.0.0.1/", true],
    ["http://127.1/", true],
    ["http://2130706433/", true],
    ["http://[::1]/", true],
    ["http://[::ffff:127.0.0.1]/", true],
    ["http://0.0.0.0/", false],
    ["http://[::]/", false],
    ["http://localhost.example.com/", false],
    ["http://notlocalhost/", false],
    ["http://10.0.0.1/", false],
  ])("%s: %s", (url, expected) => {
    expect(isLoopbackUrl(new URL(url))).toBe(expected);
  });
});
