import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import type { EgressErrorCode } from "./egress.ts";
import { startTestServer } from "./test-server.ts";
import type { TestServer } from "./test-server.ts";

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

const ADDRESS: EgressErrorCode = "ADDRESS_FORBIDDEN";
const SCHEME: EgressErrorCode = "SCHEME_FORBIDDEN";
const CREDENTIALS: EgressErrorCode = "CREDENTIALS_IN_URL";

/** PORT becomes the canary's port. */
const FORMS: [string, EgressErrorCode][] = [
  // this machine, in every spelling that a URL parser or a resolver takes
  ["http://127.0.0.1:PORT/", ADDRESS],
  ["http://127.0.0.1.:PORT/", ADDRESS],
  ["http://127.0.0.2:PORT/", ADDRESS],
  ["http://127.255.255.255:PORT/", ADDRESS],
  ["http://127.1:PORT/", ADDRESS],
  ["http://127.0.1:PORT/", ADDRESS],
  ["http://2130706433:PORT/", ADDRESS],
  ["http://0x7f000001:PORT/", ADDRESS],
  ["http://0x7f.0.0.1:PORT/", ADDRESS],
  ["http://0X7F.1:PORT/", ADDRESS],
  ["http://017700000001:PORT/", ADDRESS],
  ["http://0177.0.0.1:PORT/", ADDRESS],
  ["http://0177.0x0.0.1:PORT/", ADDRESS],
  ["http://%31%32%37.0.0.1:PORT/", ADDRESS],
  ["http://127%2e0%2e0%2e1:PORT/", ADDRESS],
  ["http://127。0。0。1:PORT/", ADDRESS],
  ["http://１２７.0.0.1:PORT/", ADDRESS],
  ["http://①②⑦.⓪.⓪.①:PORT/", ADDRESS],
  ["http:127.0.0.1:PORT/", ADDRESS],
  ["http:\\\\127.0.0.1:PORT\\", ADDRESS],
  [" \thttp://127.0.0.1:PORT/\n", ADDRESS],
  ["ht\ntp://127.0.0.1:PORT/", ADDRESS],
  ["http://0:PORT/", ADDRESS],
  ["http://0.0.0.0:PORT/", ADDRESS],
  ["http://localhost:PORT/", ADDRESS],
  ["http://LOCALHOST:PORT/", ADDRESS],
  ["http://localhost.:PORT/", ADDRESS],
  ["http://app.localhost:PORT/", ADDRESS],
  ["http://ⓛocalhost:PORT/", ADDRESS],
  ["https://localhost:PORT/", ADDRESS],
  ["http://[::1]:PORT/", ADDRESS],
  ["http://[0:0:0:0:0:0:0:1]:PORT/", ADDRESS],
  ["http://[0000::0001]:PORT/", ADDRESS],
  ["http://[::]:PORT/", ADDRESS],
  ["http://[::127.0.0.1]:PORT/", ADDRESS],
  ["http://[::ffff:127.0.0.1]:PORT/", ADDRESS],
  ["http://[::ffff:7f00:1]:PORT/", ADDRESS],
  ["http://[0:0:0:0:0:ffff:7f00:0001]:PORT/", ADDRESS],
  ["http://[::ffff:0:127.0.0.1]:PORT/", ADDRESS],
  ["http://[::ffff:0.0.0.0]:PORT/", ADDRESS],
  ["http://[64:ff9b::127.0.0.1]:PORT/", ADDRESS],
  ["http://[64:ff9b:1::7f00:1]:PORT/", ADDRESS],
  ["http://[2002:7f00:1::]:PORT/", ADDRESS],
  ["http://[2001:0:808:808::80ff:fffe]:PORT/", ADDRESS],
  // names that lead to it
  ["http://canary.test:PORT/", ADDRESS],
  ["http://CANARY.test.:PORT/", ADDRESS],
  ["https://canary.test:PORT/", ADDRESS],
  ["http://canary6.test:PORT/", ADDRESS],
  ["http://mapped.test:PORT/", ADDRESS],
  ["http://zero.test:PORT/", ADDRESS],
  ["http://mixed.test:PORT/", ADDRESS],
  ["http://mixed-last.test:PORT/", ADDRESS],
  ["http://nat64.test:PORT/", ADDRESS],
  ["http://zone.test:PORT/", ADDRESS],
  ["http://garbage.test:PORT/", ADDRESS],
  // other networks that are nobody's business
  ["http://10.0.0.1/", ADDRESS],
  ["http://172.16.0.1/", ADDRESS],
  ["http://172.31.255.255/", ADDRESS],
  ["http://192.168.1.1/", ADDRESS],
  ["http://169.254.169.254/latest/meta-data/", ADDRESS],
  ["http://2852039166/", ADDRESS],
  ["http://[::ffff:a9fe:a9fe]/", ADDRESS],
  ["http://metadata.test/", ADDRESS],
  ["http://internal.test/", ADDRESS],
  ["http://100.64.0.1/", ADDRESS],
  ["http://192.0.2.1/", ADDRESS],
  ["http://198.18.0.1/", ADDRESS],
  ["http://224.0.0.1/", ADDRESS],
  ["http://240.0.0.1/", ADDRESS],
  ["http://255.255.255.255/", ADDRESS],
  ["http://[fc00::1]/", ADDRESS],
  ["http://[fd00:ec2::254]/", ADDRESS],
  ["http://[fe80::1]/", ADDRESS],
  ["http://[ff02::1]/", ADDRESS],
  ["http://[2001:db8::1]/", ADDRESS],
  // not http(s)
  ["javascript:fetch('http://127.0.0.1:PORT/')", SCHEME],
  ["data:text/html,<img src=http://127.0.0.1:PORT/>", SCHEME],
  ["file:///etc/passwd", SCHEME],
  ["ftp://127.0.0.1:PORT/", SCHEME],
  ["ws://127.0.0.1:PORT/", SCHEME],
  ["gopher://127.0.0.1:PORT/_GET", SCHEME],
  ["blob:http://127.0.0.1:PORT/0190", SCHEME],
  ["view-source:http://127.0.0.1:PORT/", SCHEME],
  ["localhost:PORT", SCHEME],
  ["about:blank", SCHEME],
  // credentials, as themselves and as a disguise
  ["http://user:secret@127.0.0.1:PORT/", CREDENTIALS],
  ["http://user@canary.test:PORT/", CREDENTIALS],
  ["http://:secret@canary.test:PORT/", CREDENTIALS],
  ["http://example.com@127.0.0.1:PORT/", CREDENTIALS],
  ["http://example.com:80@127.0.0.1:PORT/", CREDENTIALS],
  // no URL
  ["//127.0.0.1:PORT/", "NOT_A_URL"],
  ["127.0.0.1:PORT", "NOT_A_URL"],
  ["http://127.0.0.1:99999/", "NOT_A_URL"],
  ["http://256.0.0.1:PORT/", "NOT_A_URL"],
  ["http://[::1%25lo]:PORT/", "NOT_A_URL"],
  ["http://", "NOT_A_URL"],
  ["", "NOT_A_URL"],
];

describe("targets that must never be reached", () => {
  const none = { allowedPrivateNetworks: [], allowedHosts: [] };
  const strict = createEgress({ allowLoopback: false, ...none }, resolveHost);
  const local = createEgress({ allowLoopback: true, ...none }, resolveHost);
  let canary: TestServer;

  beforeAll(async () => {
    canary = await startTestServer();
  });
  afterAll(async () => {
    await Promise.all([strict.close(), local.close(), canary[Symbol.asyncDispose]()]);
  });

  it.each(FORMS)("G5 MCP-AUTH-20 %j is refused with %s", async (form, code) => {
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
