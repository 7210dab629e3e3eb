import { parseErrorResponse } from "@modelcontextprotocol/client";
import { afterAll, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import type { EgressScope } from "./egress.ts";
import { startTestServer } from "./testing/test-server.ts";

const egress = createEgress({ allowLoopback: true, allowedPrivateNetworks: [], allowedHosts: [] });
afterAll(() => egress.close());
const fetchAt = (url: string, init?: RequestInit, scope?: Partial<EgressScope>) =>
  egress.fetchFor({ serverUrl: "http://localhost/", ...scope })(url, init);

describe("beforeSend", () => {
  it("R3 runs on the open connection and keeps a request from being sent", async () => {
    await using server = await startTestServer();
    const late = new Error("the lease is over");
    const seen: number[] = [];
    const post = fetchAt(
      `http://127.0.0.1:${server.port}/`,
      { method: "POST", body: "x" },
      {
        beforeSend() {
          seen.push(server.connections());
          throw late;
        },
      },
    );
    await expect(post).rejects.toBe(late);
    expect(seen).toHaveLength(1);
    expect(server.seen).toEqual([]);
  });

  it("lets a request through and the next one too", async () => {
    await using server = await startTestServer();
    let calls = 0;
    const fetch = egress.fetchFor({
      serverUrl: "http://localhost",
      beforeSend: () => void calls++,
    });
    for (const _ of [1, 2]) await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
    expect(calls).toBe(2);
    expect(server.seen).toHaveLength(2);
  });
});

describe("requests and responses", () => {
  it("are the platform's own, so that the MCP SDK takes them", async () => {
    await using server = await startTestServer((_request, response) => {
      response.writeHead(400, { "content-type": "application/json", "set-cookie": ["a=1", "b=2"] });
      response.end('{"error":"invalid_grant"}');
    });
    const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
    expect(response).toBeInstanceOf(Response);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.clone().json()).toEqual({ error: "invalid_grant" });
    expect(await parseErrorResponse(response)).toMatchObject({ code: "invalid_grant" });
  });

  it("carry every kind of body with its content type", async () => {
    await using server = await startTestServer();
    const form = new FormData();
    form.set("field", "value");
    const bodies: [BodyInit, string, string][] = [
      ["text", "text/plain;charset=UTF-8", "text"],
      [new URLSearchParams({ a: "b c" }), "application/x-www-form-urlencoded", "a=b+c"],
      [new Blob(["{}"], { type: "application/json" }), "application/json", "{}"],
      [form, "multipart/form-data; boundary", 'name="field"'],
    ];
    for (const [body, type, text] of bodies) {
      await fetchAt(`http://127.0.0.1:${server.port}/`, { method: "POST", body });
      const seen = server.seen.at(-1);
      expect(seen?.headers["content-type"]).toContain(type);
      expect(seen?.body).toContain(text);
    }
  });

  it("say who sends them, unless the caller does", async () => {
    await using server = await startTestServer();
    const url = `http://127.0.0.1:${server.port}/`;
    await fetchAt(url);
    await fetchAt(url, { headers: { "user-agent": "Other" } });
    expect(server.seen[0]?.headers["user-agent"]).toMatch(/^Gatehouse\/\d+\.\d+\.\d+$/);
    expect(server.seen[1]?.headers["user-agent"]).toBe("Other");
  });

  it("S8 carry a server's custom headers to its own URL alone", async () => {
    await using server = await startTestServer((request, response) => {
      if (request.url !== "/mcp?v=1") return void response.end("ok");
      response.writeHead(307, { location: "/mcp/" }).end();
    });
    const origin = `http://127.0.0.1:${server.port}`;
    const scope = { serverUrl: `${origin}/mcp?v=1#x`, headers: { "x-api-key": "secret" } };
    await fetchAt(`${origin}/mcp?v=1`, {}, scope);
    await fetchAt(`${origin}/.well-known/oauth-protected-resource/mcp`, {}, scope);
    await fetchAt(`${origin}/mcp`, {}, scope);
    await fetchAt(`http://localhost:${server.port}/mcp?v=1`, { redirect: "manual" }, scope);
    expect(server.seen.map((seen) => [seen.url, seen.headers["x-api-key"]])).toEqual([
      ["/mcp?v=1", "secret"],
      ["/mcp/", "secret"],
      ["/.well-known/oauth-protected-resource/mcp", undefined],
      ["/mcp", undefined],
      ["/mcp?v=1", undefined],
    ]);
  });

  it.each([204, 304])("with status %i have no body", async (status) => {
    await using server = await startTestServer((_request, response) => {
      response.writeHead(status).end();
    });
    const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
    expect(response).toMatchObject({ status, body: null });
  });

  it("stream: the first event arrives while the response goes on", async () => {
    const goOn = Promise.withResolvers<void>();
    await using server = await startTestServer(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      await goOn.promise;
      response.end("data: 2\n\n");
    });
    const response = await fetchAt(`http://127.0.0.1:${server.port}/`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: "data: 1\n\n" });
    goOn.resolve();
    expect(await reader?.read()).toEqual({ done: false, value: "data: 2\n\n" });
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  it("go out directly, whatever proxies the environment names", async () => {
    await using server = await startTestServer();
    await using proxy = await startTestServer();
    process.env.HTTP_PROXY = process.env.http_proxy = `http://127.0.0.1:${proxy.port}`;
    try {
      expect((await fetchAt(`http://127.0.0.1:${server.port}/`)).status).toBe(200);
    } finally {
      delete process.env.HTTP_PROXY;
      delete process.env.http_proxy;
    }
    expect(proxy.connections()).toBe(0);
  });
});
