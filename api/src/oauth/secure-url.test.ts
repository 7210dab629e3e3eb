import { describe, expect, it } from "vitest";
import { isSecureUrl, stripUrl } from "./secure-url.ts";

describe("isSecureUrl", () => {
  it.each<[string, boolean]>([
    ["https://as.example/token?x=1", true],
    ["http://localhost:9000/token", true],
    ["http://as.localhost/token", true],
    ["http://127.0.0.1/token", true],
    ["http://127.9.9.9/token", true],
    ["http://[::1]:8080/token", true],
    ["http://as.example/token", false],
    ["http://localhost.evil.example/token", false],
    ["http://127.0.0.1.evil.example/token", false],
    ["http://10.0.0.1/token", false],
    ["https://user:pass@as.example/token", false],
    ["https://as.example/token#fragment", false],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["file:///etc/passwd", false],
    ["/token", false],
    ["", false],
  ])("MCP-AUTH-17 G5 %s: %s", (url, secure) => {
    expect(isSecureUrl(url)).toBe(secure);
  });
});

describe("stripUrl", () => {
  it("shows no query, fragment or credentials", () => {
    expect(stripUrl("https://u:p@a.example/path?code=1#x")).toBe("https://a.example/path");
    expect(stripUrl("nonsense")).toBeNull();
  });
});
