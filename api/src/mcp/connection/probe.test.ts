import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startEverything } from "../../../test/counterparties/everything.ts";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startDual, startModernOnly } from "../../../test/counterparties/modern.ts";
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import { sendJson, sendResult, startScripted } from "../../../test/counterparties/scripted.ts";
import { probeServer } from "./probe.ts";
import type { ProbeExchange, ProbeTarget } from "./probe.ts";

const started: Counterparty[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((counterparty) => counterparty.close()));
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  started.push(counterparty);
  return counterparty;
}
const probe = (url: string, changes: Partial<ProbeTarget> = {}) =>
  probeServer({ url, fetch: plainFetch, timeoutMs: 5_000, ...changes });

describe("a real MCP server", () => {
  it("recognises one that speaks the 2026-07-28 revision alone", async () => {
    const server = await use(startModernOnly());
    const serverInfo = { name: "modern", title: "Modern", version: "2.0.0" };
    const answer = { kind: "open", era: "modern", protocolVersion: "2026-07-28", serverInfo };
    expect(await probe(server.url)).toEqual(answer);
  });

  it("takes the newer revision of a server that speaks both", async () => {
    const server = await use(startDual());
    expect(await probe(server.url)).toMatchObject({ kind: "open", era: "modern" });
  });

  it("D4 recognises a legacy one and leaves no session open", async () => {
    const server = await use(startLegacy());
    expect(await probe(server.url)).toEqual({
      kind: "open",
      era: "legacy",
      protocolVersion: "2025-11-25",
      serverInfo: { name: "legacy", title: null, version: "1.0.0" },
    });
    expect(server.requests).toContain("DELETE");
    expect(server.openSessions()).toBe(0);
  });

  it("recognises the reference server", async () => {
    const server = await use(startEverything());
    expect(await probe(server.url)).toMatchObject({ kind: "open", era: "legacy" });
  });

  it("reports each exchange, without the query", async () => {
    const server = await use(startLegacy());
    const exchanges: ProbeExchange[] = [];
    await probe(`${server.url}?key=secret`, { onExchange: (exchange) => exchanges.push(exchange) });
    expect(exchanges.map(({ httpStatus }) => httpStatus)).toEqual([400, 200, 202, 200]);
    expect(new Set(exchanges.map(({ url }) => url))).toEqual(new Set([server.url]));
    expect(exchanges.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });
});

describe("a server that wants credentials", () => {
  const challenge = 'Bearer resource_metadata="https://example.com/prm", scope="read"';

  it.each([401, 403] as const)("D1 hands back the challenge of a %i", async (status) => {
    const server = await use(
      startScripted((_call, response) => {
        response.writeHead(status, { "www-authenticate": challenge }).end();
      }),
    );
    const answer = { kind: "unauthorized", status, wwwAuthenticate: challenge, text: null };
    expect(await probe(server.url)).toEqual(answer);
    expect(server.calls).toHaveLength(1);
  });

  it("sees a 401 that comes only after the discovery and ends the session that was begun", async () => {
    const server = await use(
      startScripted((call, response) => {
        if (call.method === "server/discover") return void response.writeHead(400).end();
        if (call.http === "DELETE") return void response.writeHead(204).end();
        if (call.method !== "initialize") return void response.writeHead(401).end();
        response.setHeader("mcp-session-id", "s1");
        const serverInfo = { name: "late", version: "1" };
        sendResult(call, response, { protocolVersion: "2025-06-18", capabilities: {}, serverInfo });
      }),
    );
    const answer = await probe(server.url);
    expect(answer).toEqual({
      kind: "unauthorized",
      status: 401,
      wwwAuthenticate: null,
      text: null,
    });
    expect(server.calls.at(-1)).toMatchObject({ http: "DELETE" });
    expect(server.calls.at(-1)?.headers["mcp-session-id"]).toBe("s1");
  });

  it("sends configured headers", async () => {
    const server = await use(
      startScripted((_call, response) => void response.writeHead(403).end()),
    );
    await probe(server.url, { headers: { "x-api-key": "k" } });
    expect(server.calls[0]?.headers["x-api-key"]).toBe("k");
  });
});

describe("something else", () => {
  it.each([
    ["a web page", 200, "text/html", "<html>", "A web page answered"],
    ["a missing page", 404, "text/html", "<html>", "HTTP 404"],
    ["a method that is not allowed", 405, "text/plain", "", "HTTP 405"],
    ["JSON that is not JSON-RPC", 200, "application/json", '{"hello":1}', "not a JSON-RPC"],
    ["JSON that is not JSON", 200, "application/json", "{", "not a JSON-RPC"],
    ["no content", 204, "", "", "neither JSON nor an event stream"],
  ])("tells %s", async (_name, httpStatus, contentType, body, detail) => {
    const server = await use(
      startScripted((_call, response) => {
        response.writeHead(httpStatus, contentType ? { "content-type": contentType } : {});
        response.end(body);
      }),
    );
    const answer = await probe(server.url);
    expect(answer).toMatchObject({ kind: "not-mcp", httpStatus });
    expect(answer).toHaveProperty("detail", expect.stringContaining(detail));
  });

  it("tells a redirect to a login page, without its query, and does not follow it", async () => {
    const server = await use(
      startScripted((_call, response) => {
        const location = "https://login.example.com/start?state=secret";
        response.writeHead(302, { location }).end();
      }),
    );
    expect(await probe(server.url)).toEqual({
      kind: "not-mcp",
      httpStatus: 302,
      redirectsTo: "https://login.example.com/start",
      detail:
        "The address redirects to https://login.example.com/start. If that is the MCP server, use its address.",
    });
  });

  it("tells a server that speaks only revisions to come", async () => {
    const server = await use(
      startScripted((call, response) => {
        const data = { supported: ["2031-01-01"], requested: "2026-07-28" };
        const error = { code: -32_022, message: "Unsupported protocol version", data };
        sendJson(response, 400, { jsonrpc: "2.0", id: call.id, error });
      }),
    );
    expect(await probe(server.url)).toMatchObject({ kind: "not-mcp", httpStatus: 400 });
  });
});

describe("D1 no answer says nothing about the server", () => {
  it.each([500, 502, 503, 429])("a %i", async (status) => {
    const server = await use(
      startScripted((_call, response) => void response.writeHead(status).end()),
    );
    const cause = { kind: "unreachable", httpStatus: status, retryable: true, sent: false };
    expect(await probe(server.url)).toMatchObject({ kind: "unreachable", cause });
  });

  it("nobody listening", async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    expect(await probe(`http://127.0.0.1:${port}/mcp`)).toMatchObject({
      kind: "unreachable",
      cause: { kind: "unreachable", sent: false, retryable: true },
    });
  });

  it("C11 a server that never answers, after the deadline", async () => {
    const server = await use(startScripted(() => undefined));
    expect(await probe(server.url, { timeoutMs: 100 })).toMatchObject({
      kind: "unreachable",
      cause: { kind: "unreachable", message: "The server did not answer within 0.1 s." },
    });
  });

  it("C11 a server that hangs after the handshake, after the deadline", async () => {
    const server = await use(
      startScripted((call, response) => {
        if (call.method === "server/discover") return void response.writeHead(404).end();
        if (call.method !== "initialize") return;
        const serverInfo = { name: "hanging", version: "1" };
        sendResult(call, response, { protocolVersion: "2025-06-18", capabilities: {}, serverInfo });
      }),
    );
    expect(await probe(server.url, { timeoutMs: 200 })).toMatchObject({ kind: "unreachable" });
  });

  it("a connection that breaks", async () => {
    const server = await use(startScripted((_call, response) => void response.destroy()));
    expect(await probe(server.url)).toMatchObject({ kind: "unreachable" });
  });
});
