import { describe, expect, it } from "vitest";
import { createEgress, EgressPolicyError } from "./egress.ts";
import type { EgressPolicy } from "./egress.ts";
import { startTestServer } from "./testing/test-server.ts";

const CLOSED: EgressPolicy = {
  allowLoopback: false,
  allowedPrivateNetworks: [],
  allowedHosts: [],
};
const resolveTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

describe("createEgress", () => {
  it("lists every entry of the policy that it cannot read", () => {
    const create = () =>
      createEgress({
        allowLoopback: false,
        allowedPrivateNetworks: ["10.0.0.0/8", "10.0.0.0", "x/8"],
        allowedHosts: ["*", "ok.test"],
      });
    expect(create).toThrow(EgressPolicyError);
    expect(create).toThrow(
      /"10\.0\.0\.0" in ALLOWED_PRIVATE_NETWORKS.*"x\/8".*"\*" in ALLOWED_MCP/,
    );
  });

  it("reaches loopback only for a server whose own URL is loopback", async () => {
    await using server = await startTestServer();
    const egress = createEgress({ ...CLOSED, allowLoopback: true });
    const target = `http://localhost:${server.port}/`;
    const own = egress.fetchFor({ serverUrl: `http://127.0.0.1:${server.port}/mcp` });
    expect((await own(target)).status).toBe(200);
    // The connection is still open; another scope must not ride on it.
    for (const serverUrl of ["https://mcp.example.com", "http://10.0.0.1", "nonsense"]) {
      const foreign = egress.fetchFor({ serverUrl });
      await expect(foreign(target)).rejects.toMatchObject({ code: "ADDRESS_FORBIDDEN" });
    }
    expect(server.seen).toHaveLength(1);
    await egress.close();
  });

  it("refuses a loopback server where the policy does not allow any", async () => {
    await using server = await startTestServer();
    const egress = createEgress(CLOSED);
    const url = `http://localhost:${server.port}/`;
    await expect(egress.fetchFor({ serverUrl: url })(url)).rejects.toMatchObject({
      code: "ADDRESS_FORBIDDEN",
    });
    expect(server.connections()).toBe(0);
    await egress.close();
  });

  it("does not take a public name that resolves to loopback for a loopback server", async () => {
    await using server = await startTestServer();
    const egress = createEgress({ ...CLOSED, allowLoopback: true }, resolveTo("127.0.0.1"));
    const url = `http://looks-public.test:${server.port}/`;
    for (const serverUrl of [url, "http://localhost"]) {
      await expect(egress.fetchFor({ serverUrl })(url)).rejects.toMatchObject({
        code: "ADDRESS_FORBIDDEN",
      });
    }
    expect(server.connections()).toBe(0);
    await egress.close();
  });

  it("reaches an allowed private network, by address and by name", async () => {
    await using server = await startTestServer();
    const policy = { ...CLOSED, allowedPrivateNetworks: ["127.0.0.1/32"] };
    const egress = createEgress(policy, resolveTo("127.0.0.1"));
    const fetch = egress.fetchFor({ serverUrl: "https://mcp.example.com" });
    for (const host of ["127.0.0.1", "[::ffff:127.0.0.1]", "inside.test", "localhost"]) {
      expect((await fetch(`http://${host}:${server.port}/`)).status, host).toBe(200);
    }
    await expect(fetch(`http://127.0.0.2:${server.port}/`)).rejects.toMatchObject({
      code: "ADDRESS_FORBIDDEN",
    });
    await egress.close();
  });

  it("G2 MCP-AUTH-20 applies the host allow-list and the address guard, both", async () => {
    await using server = await startTestServer();
    const policy = {
      allowLoopback: false,
      allowedPrivateNetworks: ["127.0.0.1/32"],
      allowedHosts: ["*.allowed.test", "127.0.0.2"],
    };
    const addresses: Record<string, string> = { "bad.allowed.test": "127.0.0.2" };
    const egress = createEgress(policy, async (host) => [
      { address: addresses[host] ?? "127.0.0.1", family: 4 },
    ]);
    const fetch = egress.fetchFor({ serverUrl: "https://mcp.example.com" });
    const at = (host: string) => fetch(`http://${host}:${server.port}/`);
    expect((await at("good.allowed.test")).status).toBe(200);
    await expect(at("other.test")).rejects.toMatchObject({ code: "HOST_FORBIDDEN" });
    await expect(at("127.0.0.1")).rejects.toMatchObject({ code: "HOST_FORBIDDEN" });
    await expect(at("bad.allowed.test")).rejects.toMatchObject({ code: "ADDRESS_FORBIDDEN" });
    await expect(at("127.0.0.2")).rejects.toMatchObject({ code: "ADDRESS_FORBIDDEN" });
    expect(server.connections()).toBe(1);
    await egress.close();
  });

  it("G3 MCP-AUTH-20 connects to the address it checked: a name is resolved once for both", async () => {
    await using server = await startTestServer((_request, response) => {
      response.writeHead(200, { connection: "close" }).end("ok");
    });
    const answers = ["127.0.0.1", "169.254.169.254", "127.0.0.1"];
    let asked = 0;
    const egress = createEgress(
      { ...CLOSED, allowedPrivateNetworks: ["127.0.0.1/32"] },
      async () => [{ address: answers[asked++] ?? "10.0.0.1", family: 4 }],
    );
    const fetch = egress.fetchFor({ serverUrl: "https://mcp.example.com" });
    const url = `http://rebinding.test:${server.port}/`;
    expect(await (await fetch(url)).text()).toBe("ok");
    expect(asked).toBe(1);
    await expect(fetch(url)).rejects.toMatchObject({ code: "ADDRESS_FORBIDDEN", sent: false });
    expect(asked).toBe(2);
    expect(await (await fetch(url)).text()).toBe("ok");
    expect(server.seen).toHaveLength(2);
    await egress.close();
  });
});

describe("checkUrl", () => {
  const egress = createEgress({ ...CLOSED, allowedHosts: ["*.example.com", "10.0.0.1"] });

  it.each([
    ["https://mcp.example.com/mcp", null],
    ["http://mcp.example.com:8080/mcp?x=1", null],
    ["mcp.example.com", "NOT_A_URL"],
    ["not a url", "NOT_A_URL"],
    ["mcp.example.com:8080", "NOT_HTTP"],
    ["javascript:alert(1)", "NOT_HTTP"],
    ["stdio://server", "NOT_HTTP"],
    ["https://me:secret@mcp.example.com/", "HAS_CREDENTIALS"],
    ["http://localhost:3000/mcp", "PRIVATE_ADDRESS"],
    ["http://10.0.0.1/mcp", "PRIVATE_ADDRESS"],
    ["http://[fd00::1]/", "PRIVATE_ADDRESS"],
    ["https://mcp.example.org/", "HOST_NOT_ALLOWED"],
  ])("G5 %s: %s", (url, code) => {
    const fault = egress.checkUrl(url);
    expect(fault?.code ?? null).toBe(code);
    // It stands beside a form's field, and what was typed may hold a password.
    if (fault) expect(fault.message).toMatch(/^[A-Z1-9a-z].*\.$/);
    expect(fault?.message ?? "").not.toContain("secret");
  });

  it("takes loopback where the policy allows it, and allowed networks", () => {
    const local = createEgress({ ...CLOSED, allowLoopback: true });
    expect(local.checkUrl("http://localhost:4010/mcp")).toBeNull();
    expect(local.checkUrl("http://[::1]:4010/mcp")).toBeNull();
    expect(local.checkUrl("http://192.168.0.1/mcp")?.code).toBe("PRIVATE_ADDRESS");
    const lan = createEgress({ ...CLOSED, allowedPrivateNetworks: ["192.168.0.0/16"] });
    expect(lan.checkUrl("http://192.168.0.1/mcp")).toBeNull();
    expect(lan.checkUrl("http://localhost/mcp")?.code).toBe("PRIVATE_ADDRESS");
  });
});
