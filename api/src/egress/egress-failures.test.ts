import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import { startRawServer, startTestServer } from "./testing/test-server.ts";

const egress = createEgress({ allowLoopback: true, allowedPrivateNetworks: [], allowedHosts: [] });
afterAll(() => egress.close());
const fetchAt = (url: string, init?: RequestInit) =>
  egress.fetchFor({ serverUrl: "http://localhost/" })(url, init);

describe("failures", () => {
  const POST = { method: "POST", body: "refresh_token=secret" };

  it("tells a name that does not resolve", async () => {
    const deaf = createEgress(
      { allowLoopback: false, allowedPrivateNetworks: [], allowedHosts: [] },
      (host) => Promise.reject(new Error(`ENOTFOUND ${host}`)),
    );
    await expect(
      deaf.fetchFor({ serverUrl: "https://a.test" })("https://a.test"),
    ).rejects.toMatchObject({ code: "DNS_FAILED", sent: false, transient: true });
    await deaf.close();
  });

  it("tells a port where nobody listens", async () => {
    const server = await startTestServer();
    await server[Symbol.asyncDispose]();
    await expect(fetchAt(`http://127.0.0.1:${server.port}/`, POST)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      sent: false,
      transient: true,
    });
  });

  it("tells a server that speaks no TLS", async () => {
    await using server = await startTestServer();
    await expect(fetchAt(`https://127.0.0.1:${server.port}/`, POST)).rejects.toMatchObject({
      code: "TLS_FAILED",
      sent: false,
      transient: true,
    });
    expect(server.seen).toEqual([]);
  });

  it("S6 R7 tells a connection that broke before the answer: it may have run", async () => {
    await using server = await startTestServer((request) => request.socket.destroy());
    await expect(fetchAt(`http://127.0.0.1:${server.port}/`, POST)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      sent: "unknown",
      transient: true,
    });
    expect(server.seen).toHaveLength(1);
  });

  it("tells a connection that broke within the body", async () => {
    await using server = await startTestServer((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("begin", () => request.socket.destroy());
    });
    const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
    await expect(response.text()).rejects.toMatchObject({ code: "CONNECTION_LOST", sent: true });
  });

  it.each([
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.9\r\n", "unknown"],
    ["a broken header", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "unknown"],
    ["a status that HTTP does not have", "HTTP/1.1 700 Odd\r\ncontent-length: 0\r\n\r\n", true],
  ])("R7 tells an answer with %s", async (_what, answer, sent) => {
    await using server = await startRawServer((socket) => {
      socket.once("data", () => socket.end(answer));
    });
    await expect(fetchAt(`http://127.0.0.1:${server.port}/`, POST)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      sent,
      transient: true,
    });
  });

  it.each(["gzip", "deflate", "br", "zstd"])(
    "tells a body that is no %s, as it says",
    async (coding) => {
      await using server = await startTestServer((_request, response) => {
        response.writeHead(200, { "content-encoding": coding }).end("not compressed at all");
      });
      const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
      await expect(response.text()).rejects.toMatchObject({ code: "RESPONSE_INVALID", sent: true });
    },
  );

  it.each([401, 407, 408, 421, 425, 429, 503])(
    "S6 never sends again by itself after %i",
    async (status) => {
      await using server = await startTestServer((_request, response) => {
        response.writeHead(status, { "retry-after": "0" }).end();
      });
      await fetchAt(`http://127.0.0.1:${server.port}/`, POST).catch((error: unknown) => {
        expect(error).toMatchObject({ name: "EgressError", sent: true });
      });
      expect(server.seen).toHaveLength(1);
    },
  );

  it("breaks off what is under way when closed, and refuses what comes later", async () => {
    const own = createEgress({ allowLoopback: true, allowedPrivateNetworks: [], allowedHosts: [] });
    await using server = await startTestServer(() => void own.close());
    const fetch = own.fetchFor({ serverUrl: "http://localhost" });
    const url = `http://127.0.0.1:${server.port}/`;
    await expect(fetch(url)).rejects.toMatchObject({ code: "CONNECTION_LOST", sent: "unknown" });
    await expect(fetch(url)).rejects.toMatchObject({ code: "CONNECT_FAILED", sent: false });
  });

  it("closes the connection of an answer that it refuses", async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startRawServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 700 Odd\r\ncontent-length: 9\r\n\r\n"));
      socket.on("close", () => closed.resolve());
    });
    await expect(fetchAt(`http://127.0.0.1:${server.port}/`)).rejects.toThrow("status 700");
    await closed.promise;
  });

  it("closes the connection of a body where there can be none", async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startRawServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 205 Reset\r\ncontent-length: 99\r\n\r\nx"));
      socket.on("close", () => closed.resolve());
    });
    const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
    expect(response).toMatchObject({ status: 205, body: null });
    await closed.promise;
  });

  it("shows neither path, query, headers nor body of the request", async () => {
    await using server = await startTestServer((request) => request.socket.destroy());
    const url = `http://127.0.0.1:${server.port}/secret?token=secret`;
    const headers = { authorization: "Bearer secret" };
    const error: unknown = await fetchAt(url, { ...POST, headers }).catch(
      (thrown: unknown) => thrown,
    );
    expect(inspect(error, { depth: 9 })).not.toContain("secret");
    const invalid = { "x-key": "secret\u0000" };
    const fault: unknown = await fetchAt(url, { headers: invalid }).catch(
      (thrown: unknown) => thrown,
    );
    expect(fault).toBeInstanceOf(TypeError);
    expect(inspect(fault, { depth: 9 })).not.toContain("secret");
  });
});
