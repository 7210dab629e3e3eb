import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import { FORBIDDEN_URLS } from "./testing/forbidden-urls.ts";
import { startTestServer } from "./testing/test-server.ts";
import type { TestServer } from "./testing/test-server.ts";

/** What the names of this file resolve to. */
const NAMES: Readonly<Record<string, string[]>> = {
  "canary.test": ["127.0.0.1"],
  "canary6.test": ["::1"],
  "mapped.test": ["::ffff:127.0.0.1"],
  "zero.test": ["0.0.0.0"],
  "mixed.test": ["8.8.8.8", "127.0.0.1"],
  "mixed-last.test": ["2606:4700::1", "8.8.8.8", "::1"],
  "nat64.test": ["64:ff9b::7f00:1"],
  "internal.test": ["10.1.2.3"],
  "metadata.test": ["169.254.169.254"],
  "zone.test": ["fe80::1%lo"],
  "garbage.test": ["not an address"],
  localhost: ["127.0.0.1"],
  "app.localhost": ["127.0.0.1"],
};
const resolveHost = async (host: string) =>
  (NAMES[host.replace(/\.$/, "")] ?? []).map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));

describe("targets that must never be reached", () => {
  const none = { allowedPrivateNetworks: [], allowedHosts: [] };
  const strict = createEgress({ allowLoopback: false, ...none }, resolveHost);
  const local = createEgress({ allowLoopback: true, ...none }, resolveHost);
  let canary: TestServer;

  it("there are at least a hundred of them", () => {
    expect(new Set(FORBIDDEN_URLS.map(([form]) => form)).size).toBeGreaterThanOrEqual(100);
  });

  beforeAll(async () => {
    canary = await startTestServer();
  });
  afterAll(async () => {
    await Promise.all([strict.close(), local.close(), canary[Symbol.asyncDispose]()]);
  });

  it.each(FORBIDDEN_URLS)("G5 MCP-AUTH-20 %j is refused with %s", async (form, code) => {
    const url = form.replaceAll("PORT", String(canary.port));
    for (const egress of [strict, local]) {
      const fetch = egress.fetchFor({ serverUrl: "https://mcp.example.com/mcp" });
      const refusal = { name: "EgressError", code, sent: false, transient: false };
      await expect(fetch(url)).rejects.toMatchObject(refusal);
    }
    expect(canary.connections()).toBe(0);
  });

  it("reaches the same canary where loopback is allowed", async () => {
    const { port } = canary;
    for (const host of ["127.0.0.1", "2130706433", "127.1", "localhost", "app.localhost"]) {
      const fetch = local.fetchFor({ serverUrl: `http://localhost:${port}/mcp` });
      expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("ok");
    }
    expect(canary.connections()).toBeGreaterThan(0);
  });
});
