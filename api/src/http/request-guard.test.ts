import { describe, expect, it } from "vitest";

import { createRequestGuard } from "./request-guard.ts";

describe("Host", () => {
  const plain = createRequestGuard({
    publicUrl: "http://localhost:4000",
    allowedHosts: ["probe.internal", "10.0.0.3:4001", "[::1]:4000"],
  });

  it.each([
    ["localhost:4000", true],
    ["LOCALHOST:4000", true],
    ["probe.internal", true],
    ["probe.internal:8080", true],
    ["10.0.0.3:4001", true],
    ["[::1]:4000", true],
    ["localhost", false],
    ["localhost:4001", false],
    ["10.0.0.3:4000", false],
    ["127.0.0.1:4000", false],
    ["evil.example", false],
    ["localhost:4000.evil.example", false],
    ["evil.example/localhost:4000", false],
    ["localhost:4000@evil.example", false],
    ["localhost:4000 evil", false],
    ["", false],
    [undefined, false],
  ])("%s is allowed: %s", (host, allowed) => {
    expect(plain.isHostAllowed(host)).toBe(allowed);
  });

  it("knows the default port of PUBLIC_URL's scheme", () => {
    const secure = createRequestGuard({
      publicUrl: "https://gatehouse.example",
      allowedHosts: [],
    });
    expect(secure.isHostAllowed("gatehouse.example:443")).toBe(true);
    expect(secure.isHostAllowed("gatehouse.example:80")).toBe(false);
  });
});

describe("Origin", () => {
  const guard = createRequestGuard({
    publicUrl: "http://localhost:4000/",
    allowedHosts: [],
    allowedOrigins: ["http://localhost:5173"],
  });

  it.each([
    ["http://localhost:4000", null, true],
    ["http://localhost:5173", null, true],
    ["http://localhost:4001", "same-site", false],
    ["https://localhost:4000", null, false],
    ["http://evil.example", "cross-site", false],
    ["null", "cross-site", false],
    ["null", "same-origin", false],
    ["", null, false],
    [null, null, true],
    [null, "same-origin", true],
    [null, "none", true],
    [null, "same-site", false],
    [null, "cross-site", false],
  ])("%s with Sec-Fetch-Site %s is allowed: %s", (origin, fetchSite, allowed) => {
    expect(guard.isOriginAllowed({ origin, fetchSite })).toBe(allowed);
  });
});
