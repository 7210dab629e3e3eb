import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import type { EgressErrorCode } from "./egress.ts";
import { startTestServer } from "./testing/test-server.ts";
import type { TestServer } from "./testing/test-server.ts";

const NAMES: Readonly<Record<string, string>> = {
  "canary.test": "127.0.0.1",
  "zero.test": "0.0.0.0",
  "metadata.test": "169.254.169.254",
};

describe("redirects", () => {
  const egress = createEgress(
    { allowLoopback: true, allowedPrivateNetworks: [], allowedHosts: [] },
    async (host) => [{ address: NAMES[host] ?? "10.0.0.1", family: 4 }],
  );
  let first: TestServer;
  let other: TestServer;
  let serverUrl: string;
  let fetch: ReturnType<typeof egress.fetchFor>;

  beforeAll(async () => {
    // /<status>?to=<location> redirects; /loop/<n> redirects n times.
    first = await startTestServer((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      const [, word = "", left = ""] = url.pathname.split("/");
      const to = word === "loop" ? `/loop/${Number(left) - 1}` : url.searchParams.get("to");
      if (to === null || left === "0") return void response.end("landed");
      response.writeHead(Number(word) || 302, { location: to }).end("moved");
    });
    other = await startTestServer((_request, response) => response.end("other"));
    serverUrl = `http://127.0.0.1:${first.port}/mcp`;
    fetch = egress.fetchFor({ serverUrl });
  });
  beforeEach(() => {
    first.seen.length = 0;
    other.seen.length = 0;
  });
  afterAll(async () => {
    await egress.close();
    await Promise.all([first[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  });

  const redirectUrl = (status: number, to: string) =>
    `http://127.0.0.1:${first.port}/${status}?to=${encodeURIComponent(to)}`;
  const otherUrl = () => `http://127.0.0.1:${other.port}/landing`;

  const FORBIDDEN: [string, EgressErrorCode][] = [
    ["http://canary.test:PORT/", "ADDRESS_FORBIDDEN"],
    ["//canary.test:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://zero.test:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://0.0.0.0:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://[::]:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://[::127.0.0.1]:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://[64:ff9b::7f00:1]:PORT/", "ADDRESS_FORBIDDEN"],
    ["http://169.254.169.254/latest/meta-data/", "ADDRESS_FORBIDDEN"],
    ["http://metadata.test/", "ADDRESS_FORBIDDEN"],
    ["http://10.0.0.1/", "ADDRESS_FORBIDDEN"],
    ["http://[fd00::1]/", "ADDRESS_FORBIDDEN"],
    ["file:///etc/passwd", "SCHEME_FORBIDDEN"],
    ["javascript:alert(1)", "SCHEME_FORBIDDEN"],
    ["data:text/plain,hello", "SCHEME_FORBIDDEN"],
    ["http://user:secret@127.0.0.1:PORT/", "CREDENTIALS_IN_URL"],
    ["http://[", "REDIRECT_FORBIDDEN"],
  ];
  it.each(FORBIDDEN)("G4 MCP-AUTH-20 refuses to follow to %s", async (target, code) => {
    const before = other.connections();
    const url = redirectUrl(302, target.replace("PORT", String(other.port)));
    // A server has seen the request, so it may have acted on it.
    await expect(fetch(url)).rejects.toMatchObject({ code, sent: true, transient: false });
    expect(other.connections()).toBe(before);
  });

  it("G4 MCP-AUTH-20 applies the host allow-list to every hop", async () => {
    const narrow = createEgress({
      allowLoopback: true,
      allowedPrivateNetworks: [],
      allowedHosts: ["127.0.0.1"],
    });
    const before = other.connections();
    const url = redirectUrl(302, `http://localhost:${other.port}/`);
    await expect(narrow.fetchFor({ serverUrl })(url)).rejects.toMatchObject({
      code: "HOST_FORBIDDEN",
    });
    expect(other.connections()).toBe(before);
    await narrow.close();
  });

  it("G4 follows five redirects and not six", async () => {
    const response = await fetch(`http://127.0.0.1:${first.port}/loop/5#part`);
    expect(await response.text()).toBe("landed");
    expect(response).toMatchObject({
      url: `http://127.0.0.1:${first.port}/loop/0`,
      redirected: true,
    });
    expect(first.seen).toHaveLength(6);
    await expect(fetch(`http://127.0.0.1:${first.port}/loop/6`)).rejects.toMatchObject({
      code: "TOO_MANY_REDIRECTS",
    });
    expect(first.seen).toHaveLength(12);
  });

  const SECRETS = {
    authorization: "Bearer secret",
    cookie: "session=secret",
    "mcp-session-id": "secret",
    "proxy-authorization": "Basic secret",
    "x-api-key": "secret",
  };
  it.each([301, 302, 303, 307, 308])(
    "G4 S8 drops everything that may identify the caller when %i leads to another origin",
    async (status) => {
      const headers = { ...SECRETS, accept: "application/json", "mcp-protocol-version": "x" };
      const response = await fetch(redirectUrl(status, otherUrl()), { headers });
      expect(await response.text()).toBe("other");
      const [seen] = other.seen;
      expect(JSON.stringify(seen)).not.toContain("secret");
      expect(seen?.headers).toMatchObject({
        accept: "application/json",
        "mcp-protocol-version": "x",
        host: `127.0.0.1:${other.port}`,
      });
    },
  );

  it("keeps them within the origin, but for what is the transport's own", async () => {
    const response = await fetch(redirectUrl(307, "/landing"), {
      headers: { ...SECRETS, host: "elsewhere.test" },
    });
    expect(await response.text()).toBe("landed");
    const { "proxy-authorization": _dropped, ...kept } = SECRETS;
    expect(first.seen[1]?.headers).toMatchObject({ ...kept, host: `127.0.0.1:${first.port}` });
    expect(first.seen[1]?.headers).not.toHaveProperty("proxy-authorization");
  });

  it.each([307, 308])("G4 never sends a body to another origin on %i", async (status) => {
    const before = other.connections();
    const post = fetch(redirectUrl(status, otherUrl()), { method: "POST", body: "code=secret" });
    await expect(post).rejects.toMatchObject({ code: "REDIRECT_FORBIDDEN", sent: true });
    expect(other.connections()).toBe(before);
  });

  it.each([307, 308])("sends method and body again within the origin on %i", async (status) => {
    await fetch(redirectUrl(status, "/landing"), { method: "POST", body: '{"a":1}' });
    expect(first.seen[1]).toMatchObject({ method: "POST", url: "/landing", body: '{"a":1}' });
  });

  it.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [302, "PUT", "PUT"],
    [303, "HEAD", "HEAD"],
    [302, "DELETE", "DELETE"],
  ])("after %i a %s goes on as %s (Fetch standard §4.4)", async (status, method, next) => {
    const body = method === "POST" || method === "PUT" ? "a=1" : null;
    await fetch(redirectUrl(status, "/landing"), { method, body });
    const [, landed] = first.seen;
    expect(landed?.method).toBe(next);
    expect(landed?.body).toBe(next === "PUT" ? "a=1" : "");
    if (next === "GET") expect(landed?.headers).not.toHaveProperty("content-type");
  });

  it("respects redirect: error and redirect: manual", async () => {
    const url = redirectUrl(302, "/landing");
    await expect(fetch(url, { method: "POST", redirect: "error" })).rejects.toMatchObject({
      code: "REDIRECT_FORBIDDEN",
      sent: true,
    });
    const response = await fetch(url, { redirect: "manual" });
    expect(response).toMatchObject({ status: 302, redirected: false, url });
    expect(response.headers.get("location")).toBe("/landing");
    expect(await response.text()).toBe("moved");
    expect(first.seen.map((seen) => seen.url)).not.toContain("/landing");
  });

  it("takes a redirect status without a location for an answer", async () => {
    await using bare = await startTestServer((_request, response) => {
      response.writeHead(302).end("where?");
    });
    const response = await fetch(`http://127.0.0.1:${bare.port}/`);
    expect(response.status).toBe(302);
    expect(await response.text()).toBe("where?");
  });
});
