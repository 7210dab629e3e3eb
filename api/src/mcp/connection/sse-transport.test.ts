import { afterEach, describe, expect, it } from "vitest";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startOldSse } from "../../../test/counterparties/old-sse.ts";
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import { startScripted } from "../../../test/counterparties/scripted.ts";
import { listTools } from "../calls/catalog.ts";
import type { Credentials } from "./credentials.ts";
import { createEraCache } from "../protocol-era.ts";
import { callTool } from "../calls/execute.ts";
import { createSessionPool } from "../pool/session-pool.ts";
import { probeServer } from "./probe.ts";
import { withSession } from "./session.ts";
import { createTarget, giveHeaders } from "../testing/sessions.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of closing.splice(0).toReversed()) await it.close();
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  closing.push(counterparty);
  return counterparty;
}
function createPooled(url: string, changes: Parameters<typeof createTarget>[1] = {}) {
  const pool = createSessionPool({ eras: createEraCache() });
  closing.push(pool);
  const call = (name: string, args = {}, timeoutMs = 5_000, signal?: AbortSignal) =>
    pool.use(
      {
        key: { serverId: "s", ownerId: "o", configVersion: 1, authType: "NONE" },
        describe: async () => createTarget(url, changes),
        timeoutMs: 5_000,
      },
      (session) =>
        callTool(session, { name, arguments: args, timeoutMs, ...(signal ? { signal } : {}) }),
    );
  return { pool, call };
}
const three = { kind: "result", content: [{ text: "3" }] };

describe("a server that has nothing but HTTP+SSE", () => {
  it.each([400, 404, 405] as const)(
    "is talked to where it refuses messages with %i",
    async (refusal) => {
      const server = await use(startOldSse({ refusal }));
      const answer = await withSession(createTarget(server.url), async (session) => {
        const catalog = await listTools(session);
        return [
          session.era,
          session.serverInfo?.name,
          catalog.kind === "tools" && catalog.tools.length,
        ];
      });
      expect(answer).toEqual(["legacy", "old-sse", 3]);
      await expect.poll(() => server.openStreams()).toBe(0);
    },
  );

  it("is known as an MCP server when it is probed", async () => {
    const server = await use(startOldSse());
    const answer = await probeServer({ url: server.url, fetch: plainFetch, timeoutMs: 5_000 });
    expect(answer).toMatchObject({ kind: "open", era: "legacy", serverInfo: { name: "old-sse" } });
    await expect.poll(() => server.openStreams()).toBe(0);
  });

  it("S1 is remembered as one: the next connection begins with its stream, a warm call is one message", async () => {
    const server = await use(startOldSse());
    const { call, pool } = createPooled(server.url);
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
    server.requests.length = 0;
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
    expect(server.requests).toEqual(["POST /messages"]);
    pool.evictAll();
    await call("add", { a: 1, b: 2 });
    expect(server.requests.filter((request) => request === "POST /sse")).toEqual([]);
    await expect.poll(() => server.openStreams()).toBe(1);
  });

  it("answers calls at the same time by one stream", async () => {
    const server = await use(startOldSse());
    const { call } = createPooled(server.url);
    const waiting = call("wait");
    await server.gate.entered;
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
    server.gate.open();
    expect(await waiting).toMatchObject({ kind: "result" });
  });

  it("S7 is told that a call was given up", async () => {
    const server = await use(startOldSse());
    const { call } = createPooled(server.url);
    const stop = new AbortController();
    const waiting = call("wait", {}, 5_000, stop.signal);
    await server.gate.entered;
    stop.abort();
    expect(await waiting).toEqual({ kind: "cancelled", sent: true });
    await server.gate.cancelled;
  });

  it("that breaks its stream off leaves calls in doubt, and is connected anew by the next", async () => {
    const server = await use(startOldSse());
    const { call, pool } = createPooled(server.url);
    const waiting = call("wait");
    await server.gate.entered;
    server.breakStreams();
    expect(await waiting).toMatchObject({ kind: "unreachable", sent: "unknown", retryable: false });
    expect(pool.count()).toMatchObject({ open: 0 });
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
  });

  it("S6 S9 that has forgotten the session is connected anew without the caller noticing", async () => {
    const server = await use(startOldSse());
    const { call } = createPooled(server.url);
    await call("add", { a: 1, b: 2 });
    server.forgetSessions();
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
  });

  it("R5 is asked with the newest credentials, and a refused message is sent once more with new ones", async () => {
    let accepted = "first";
    let token = "first";
    const server = await use(startOldSse({ isAllowed: (sent) => sent === `Bearer ${accepted}` }));
    const credentials: Credentials = {
      headers: async () => ({ kind: "headers", headers: { authorization: `Bearer ${token}` } }),
      refused: async () => {
        token = accepted;
        return "retry";
      },
    };
    const { call } = createPooled(server.url, { credentials });
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
    accepted = "second";
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
  });

  it("that wants credentials for its stream says so as any other does", async () => {
    const server = await use(startOldSse({ isAllowed: () => false }));
    const answer = await withSession(createTarget(server.url), async () => 1);
    expect(answer).toEqual({ kind: "refused", stop: { refusedWith: 401 } });
    expect(
      await probeServer({ url: server.url, fetch: plainFetch, timeoutMs: 5_000 }),
    ).toMatchObject({ kind: "unauthorized", status: 401 });
  });

  it("S8 is not followed to another origin", async () => {
    const other: string[] = [];
    const elsewhere = await use(startScripted((call) => void other.push(call.http)));
    const server = await use(
      startScripted((call, response) => {
        if (call.http === "POST") return void response.writeHead(405).end();
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`event: endpoint\ndata: ${elsewhere.url}\n\n`);
      }),
    );
    const credentials = giveHeaders({ authorization: "Bearer secret-token" });
    const answer = await withSession(createTarget(server.url, { credentials }), async () => 1);
    expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 405 });
    expect(other).toEqual([]);
  });

  it.each([
    ["never names its address", ": hello\n\n"],
    ["names none", "event: endpoint\ndata: \n\n"],
  ])("that %s is given up in time", async (_name, text) => {
    const server = await use(
      startScripted((call, response) => {
        if (call.http === "POST") return void response.writeHead(405).end();
        response.writeHead(200, { "content-type": "text/event-stream" }).write(text);
      }),
    );
    const answer = await withSession(createTarget(server.url, { timeoutMs: 300 }), async () => 1);
    expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 405 });
  });

  it("S10 may send any number of results, but none without bound", async () => {
    const server = await use(startOldSse());
    const { call } = createPooled(server.url);
    const mib = 1024 * 1024;
    for (let i = 0; i < 3; i += 1)
      expect(await call("big", { bytes: 6 * mib })).toMatchObject({ kind: "result" });
    expect(await call("big", { bytes: 20 * mib }, 20_000)).toMatchObject({
      kind: "unreachable",
      sent: "unknown",
    });
    expect(await call("add", { a: 1, b: 2 })).toMatchObject(three);
  }, 30_000);

  it("is not looked for where a page answers", async () => {
    const server = await use(
      startScripted((call, response) => {
        if (call.http === "POST") return void response.writeHead(404).end();
        response.writeHead(200, { "content-type": "text/html" }).end("<p>Hello</p>");
      }),
    );
    const answer = await withSession(createTarget(server.url), async () => 1);
    expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 404, retryable: false });
  });
});
