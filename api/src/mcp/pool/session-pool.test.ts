import { afterEach, describe, expect, it } from "vitest";
import { createGate } from "../../../test/counterparties/gate.ts";
import { startEverything } from "../../../test/counterparties/everything.ts";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startModernOnly } from "../../../test/counterparties/modern.ts";
import {
  sendError,
  sendJson,
  sendResult,
  startScripted,
  startScriptedLegacy,
} from "../../../test/counterparties/scripted.ts";
import { createEgress } from "#egress/egress.ts";
import { createEraCache } from "../protocol-era.ts";
import { callTool } from "../calls/execute.ts";
import type { ToolCall } from "../calls/execute.ts";
import { createSessionPool } from "./session-pool.ts";
import type { PoolUse, SessionPool } from "./session-pool.ts";
import { createTarget } from "../testing/sessions.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of closing.splice(0).toReversed()) await it.close();
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  closing.push(counterparty);
  return counterparty;
}
function createPool(options?: Parameters<typeof createSessionPool>[0]): SessionPool {
  const pool = createSessionPool({ eras: createEraCache(), ...options });
  closing.push(pool);
  return pool;
}
function at(url: string, changes: Partial<PoolUse> & { ownerId?: string } = {}): PoolUse {
  const { ownerId = "ada", ...rest } = changes;
  return {
    key: { serverId: url, ownerId, configVersion: 1, authType: "NONE" },
    describe: async () => createTarget(url),
    timeoutMs: 5_000,
    ...rest,
  };
}
const tool = (name: string, args = {}, rest: Partial<ToolCall> = {}): ToolCall => ({
  name,
  arguments: args,
  timeoutMs: 5_000,
  ...rest,
});
const call = (pool: SessionPool, to: PoolUse, wanted = tool("add", { a: 1, b: 2 })) =>
  pool.use(to, (session) => callTool(session, wanted));
const sum = { kind: "result", structuredContent: { sum: 3 } };
const methods = (calls: { method: string | undefined }[]) => calls.map(({ method }) => method);

describe("S1 a pooled session", () => {
  it("S1 is made once for any number of calls at the same time", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(pool, at(server.url))));
    for (const answer of answers) expect(answer).toMatchObject(sum);
    expect(server.openSessions()).toBe(1);
    expect(pool.count()).toEqual({ connecting: 0, open: 1, draining: 0 });
  });

  it.each([
    ["legacy", startLegacy],
    ["modern", startModernOnly],
  ] as const)("S1 makes a warm call cost one HTTP exchange (%s)", async (_era, start) => {
    const server = await use<Counterparty>(start());
    const pool = createPool();
    const requests: string[] = [];
    const describeIt = async () => {
      const target = createTarget(server.url);
      const fetch: typeof target.fetch = (input, init) => {
        requests.push(init?.method ?? "GET");
        return target.fetch(input, init);
      };
      return { ...target, fetch };
    };
    const to = at(server.url, { describe: describeIt });
    await call(pool, to);
    requests.length = 0;
    for (let i = 0; i < 5; i += 1) expect(await call(pool, to)).toMatchObject(sum);
    expect(requests).toEqual(Array.from({ length: 5 }, () => "POST"));
  });

  it("S1 opens no TCP connection for a warm call", async () => {
    const ports = new Set<number | undefined>();
    const server = await use(
      startScripted((it, response) => {
        ports.add(response.socket?.remotePort);
        const discovery = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
        const result = it.method === "server/discover" ? discovery : { content: [] };
        sendResult(it, response, { resultType: "complete", ...result });
      }),
    );
    const egress = createEgress({
      allowLoopback: true,
      allowedPrivateNetworks: [],
      allowedHosts: [],
    });
    closing.push(egress);
    const fetch = egress.fetchFor({ serverUrl: server.url });
    const pool = createPool();
    const to = at(server.url, { describe: async () => createTarget(server.url, { fetch }) });
    // A connection becomes free one event loop turn after the response, so fast callers alternate between two or three.
    for (let i = 0; i < 5; i += 1) await call(pool, to);
    const opened = ports.size;
    expect(opened).toBeLessThan(5);
    for (let i = 0; i < 20; i += 1) await call(pool, to);
    expect(ports.size).toBe(opened);
  });

  it("S1 belongs to one account under one set of settings", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    const to = at(server.url);
    await call(pool, to);
    await call(pool, at(server.url, { ownerId: "grace" }));
    await call(pool, { ...to, key: { ...to.key, configVersion: 2 } });
    expect(server.openSessions()).toBe(3);
  });

  it("S1 is asked for by whoever waits for it, with a bound of their own", async () => {
    const gate = createGate();
    const server = await use(
      startScriptedLegacy(async (it, response) => {
        sendResult(it, response, { content: [] });
      }),
    );
    const pool = createPool();
    const describeIt = async () => {
      await gate.pass(new AbortController().signal);
      return createTarget(server.url);
    };
    const patient = call(pool, at(server.url, { describe: describeIt }));
    const stop = new AbortController();
    const cancelled = call(pool, at(server.url, { signal: stop.signal }));
    stop.abort();
    expect(await cancelled).toEqual({ kind: "cancelled" });
    expect(await call(pool, at(server.url, { timeoutMs: 50 }))).toMatchObject({
      kind: "unreachable",
      sent: false,
      retryable: true,
    });
    gate.open();
    expect(await patient).toMatchObject({ kind: "result" });
    expect(methods(server.calls).filter((method) => method === "initialize")).toHaveLength(1);
  });

  it("S1 tells all who waited why there is none, and the next one tries again", async () => {
    let isDown = true;
    const server = await use(
      startScripted((it, response) => {
        if (isDown) return void response.writeHead(503).end();
        sendResult(it, response, {
          supportedVersions: ["2026-07-28"],
          capabilities: {},
          resultType: "complete",
          content: [],
        });
      }),
    );
    const pool = createPool();
    const statuses: number[] = [];
    const answers = await Promise.all(
      [1, 2].map(() => call(pool, at(server.url, { onAnswer: (status) => statuses.push(status) }))),
    );
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 503, retryable: true });
    expect(statuses).toEqual([503, 503]);
    expect(pool.count()).toEqual({ connecting: 0, open: 0, draining: 0 });
    isDown = false;
    expect(await call(pool, at(server.url))).toMatchObject({ kind: "result" });
  });

  it("S1 throws on what is thrown in a use, and stays", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    const fault = new Error("ours");
    const failing = pool.use(at(server.url), () => Promise.reject(fault));
    await expect(failing).rejects.toBe(fault);
    expect(pool.count().open).toBe(1);
  });
});

describe("S2 states of a pooled session", () => {
  it("S2 one that is evicted while it is made serves who waited, and is never pooled", async () => {
    const initializing = createGate();
    const server = await use(startLegacy());
    const pool = createPool();
    const describeIt = async () => {
      const target = createTarget(server.url);
      const fetch: typeof target.fetch = async (input, init) => {
        if (String(init?.body).includes('"initialize"'))
          await initializing.pass(new AbortController().signal);
        return target.fetch(input, init);
      };
      return { ...target, fetch };
    };
    const first = call(pool, at(server.url, { describe: describeIt }));
    await initializing.entered;
    pool.evict({ serverId: server.url });
    expect(pool.count()).toEqual({ connecting: 0, open: 0, draining: 1 });
    const second = call(pool, at(server.url));
    expect(await second).toMatchObject(sum);
    initializing.open();
    expect(await first).toMatchObject(sum);
    await expect.poll(() => pool.count()).toEqual({ connecting: 0, open: 1, draining: 0 });
    await expect.poll(() => server.openSessions()).toBe(1);
  });

  it("S2 one that is closing is not handed out; what runs on it finishes, and then it is ended", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    const running = call(pool, at(server.url), tool("wait"));
    await server.gate.entered;
    pool.evict({ serverId: server.url, ownerId: "ada" });
    expect(await call(pool, at(server.url))).toMatchObject(sum);
    expect(server.openSessions()).toBe(2);
    expect(pool.count()).toEqual({ connecting: 0, open: 1, draining: 1 });
    server.gate.open();
    expect(await running).toMatchObject({ kind: "result" });
    await expect.poll(() => server.openSessions()).toBe(1);
    expect(server.requests).toContain("DELETE");
  });

  it("S2 eviction ends idle ones at once, of one owner or of all", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    for (const ownerId of ["ada", "grace", "edsger"]) await call(pool, at(server.url, { ownerId }));
    pool.evict({ serverId: server.url, ownerId: "grace" });
    await expect.poll(() => server.openSessions()).toBe(2);
    expect(pool.list().map(({ ownerId }) => ownerId)).toEqual(["ada", "edsger"]);
    pool.evict({ serverId: "another" });
    expect(pool.count().open).toBe(2);
    pool.evictAll();
    await expect.poll(() => server.openSessions()).toBe(0);
    expect(pool.count()).toEqual({ connecting: 0, open: 0, draining: 0 });
  });

  it("S2 one that timed out once is kept, one that does so again and again is replaced", async () => {
    let isSilent = true;
    const server = await use(
      startScriptedLegacy((it, response) => {
        if (it.method === "tools/call" && !isSilent) sendResult(it, response, { content: [] });
        else if (it.method !== "tools/call") response.writeHead(202).end();
      }),
    );
    const pool = createPool();
    const handshakes = () => methods(server.calls).filter((method) => method === "initialize");
    const quick = tool("wait", {}, { timeoutMs: 50 });
    const timedOut = { kind: "timed-out" };
    expect(await call(pool, at(server.url), quick)).toMatchObject(timedOut);
    expect(await call(pool, at(server.url), quick)).toMatchObject(timedOut);
    isSilent = false;
    expect(await call(pool, at(server.url))).toMatchObject({ kind: "result" });
    isSilent = true;
    // A response in between makes the connection healthy again.
    for (let i = 0; i < 2; i += 1) await call(pool, at(server.url), quick);
    expect(pool.count().open).toBe(1);
    expect(handshakes()).toHaveLength(1);
    await call(pool, at(server.url), quick);
    expect(pool.count().open).toBe(0);
    isSilent = false;
    expect(await call(pool, at(server.url))).toMatchObject({ kind: "result" });
    expect(handshakes()).toHaveLength(2);
  });

  it("I22 asks a server for its era again at the first call that it refuses", async () => {
    const server = await use(startLegacy());
    const eras = createEraCache();
    eras.set(server.url, { era: "modern", protocolVersion: "2026-07-28" });
    const pool = createPool({ eras });
    expect(await call(pool, at(server.url))).toMatchObject(sum);
    expect(eras.get(server.url)?.era).toBe("legacy");
  });
});

describe("the pool's bounds", () => {
  it("the least recently used idle one gives way", async () => {
    const server = await use(startLegacy());
    let nowMs = 0;
    const pool = createPool({ limits: { perProcess: 2 }, monotonicMs: () => (nowMs += 1) });
    for (const ownerId of ["ada", "grace", "ada", "edsger"])
      await call(pool, at(server.url, { ownerId }));
    expect(pool.list().map(({ ownerId }) => ownerId)).toEqual(["ada", "edsger"]);
    await expect.poll(() => server.openSessions()).toBe(2);
  });

  it("one server's sessions give way to each other, and not another server's", async () => {
    const server = await use(startLegacy());
    const other = await use(startModernOnly());
    const pool = createPool({ limits: { perServer: 1 } });
    await call(pool, at(other.url));
    for (const ownerId of ["ada", "grace"]) await call(pool, at(server.url, { ownerId }));
    expect(pool.list().map(({ serverId }) => serverId)).toEqual([other.url, server.url]);
    expect(pool.list()[1]?.ownerId).toBe("grace");
  });

  it("where all are busy, a call gets a connection of its own that ends with it", async () => {
    const server = await use(startLegacy());
    const pool = createPool({ limits: { perProcess: 1 } });
    const running = call(pool, at(server.url), tool("wait"));
    await server.gate.entered;
    expect(await call(pool, at(server.url, { ownerId: "grace" }))).toMatchObject(sum);
    expect(server.openSessions()).toBe(1);
    expect(pool.list().map(({ ownerId }) => ownerId)).toEqual(["ada"]);
    server.gate.open();
    expect(await running).toMatchObject({ kind: "result" });
  });

  it("ends what was idle or open for too long; what runs on it finishes", async () => {
    const server = await use(startLegacy());
    let nowMs = 0;
    const pool = createPool({ limits: { idleMs: 100, ageMs: 1_000 }, monotonicMs: () => nowMs });
    await call(pool, at(server.url));
    nowMs = 99;
    pool.sweep();
    expect(pool.count().open).toBe(1);
    await call(pool, at(server.url));
    nowMs = 150;
    pool.sweep();
    expect(pool.count().open).toBe(1);
    nowMs = 250;
    pool.sweep();
    await expect.poll(() => server.openSessions()).toBe(0);

    const running = call(pool, at(server.url), tool("wait"));
    await server.gate.entered;
    nowMs = 5_000;
    pool.sweep();
    expect(pool.count()).toEqual({ connecting: 0, open: 0, draining: 1 });
    server.gate.open();
    expect(await running).toMatchObject({ kind: "result" });
    await expect.poll(() => server.openSessions()).toBe(0);
  });

  it("one that is too old is not handed out, whether or not it was swept", async () => {
    const server = await use(startLegacy());
    let nowMs = 0;
    const pool = createPool({ limits: { ageMs: 1_000 }, monotonicMs: () => nowMs });
    await call(pool, at(server.url));
    nowMs = 1_000;
    await call(pool, at(server.url));
    expect(server.requests.filter((method) => method === "DELETE")).toHaveLength(1);
  });

  it("ends everything when it is closed, and pools nothing afterwards", async () => {
    const server = await use(startLegacy());
    const silent = await use(startScripted(() => undefined));
    const pool = createPool();
    await call(pool, at(server.url));
    const connecting = call(pool, at(silent.url));
    const running = call(pool, at(server.url), tool("wait"));
    await server.gate.entered;
    await pool.close();
    expect(await connecting).toEqual({ kind: "cancelled" });
    expect(await running).toMatchObject({ kind: "unreachable", sent: "unknown" });
    expect(server.openSessions()).toBe(0);
    expect(await call(pool, at(server.url))).toMatchObject({ kind: "unreachable", sent: false });
    expect(pool.count()).toEqual({ connecting: 0, open: 0, draining: 0 });
  });

  it("is closed soon, whatever a server does", async () => {
    const server = await use(
      startScripted((it, response) => {
        if (it.http === "DELETE") return;
        if (it.method === "server/discover")
          return sendError(it, response, { code: -32_601, message: "Method not found" });
        if (it.method !== "initialize") return void response.writeHead(202).end();
        response.setHeader("mcp-session-id", "one");
        const serverInfo = { name: "deaf", version: "0" };
        sendResult(it, response, { protocolVersion: "2025-06-18", capabilities: {}, serverInfo });
      }),
    );
    const pool = createPool({ limits: { closeMs: 50 } });
    await pool.use(at(server.url), async () => null);
    await pool.close();
    await expect.poll(() => server.calls.some(({ http }) => http === "DELETE")).toBe(true);
  });
});

describe("S6 a session that the server has forgotten", () => {
  it.each([
    ["404", { status: 404, code: -32_001 }],
    ["404 without its code", { status: 404, code: 1 }],
    ["400 with its code", { status: 400, code: -32_001 }],
    ["400 with no code of its own, to a ping too", { status: 400, code: -32_000 }],
  ])("S6 S9 is replaced, and the call sent once more (%s)", async (_name, lost) => {
    const server = await use(startLegacy());
    Object.assign(server.lost, lost);
    const pool = createPool();
    await call(pool, at(server.url));
    server.forgetSessions();
    expect(await call(pool, at(server.url))).toMatchObject(sum);
    expect(server.openSessions()).toBe(1);
    expect(pool.count()).toEqual({ connecting: 0, open: 1, draining: 0 });
  });

  it("S6 is replaced once for all calls that find it out at the same time", async () => {
    const server = await use(startLegacy());
    const pool = createPool();
    await call(pool, at(server.url));
    server.forgetSessions();
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(pool, at(server.url))));
    for (const answer of answers) expect(answer).toMatchObject(sum);
    expect(server.openSessions()).toBe(1);
  });

  it("S6 a restart of the reference server goes unnoticed", async () => {
    const server = await use(startEverything());
    const pool = createPool();
    const echo = tool("echo", { message: "hello" });
    expect(await call(pool, at(server.url), echo)).toMatchObject({ kind: "result" });
    await server.close();
    const again = await use(startEverything(Number(new URL(server.url).port)));
    expect(again.url).toBe(server.url);
    expect(await call(pool, at(server.url), echo)).toMatchObject({ kind: "result" });
  }, 60_000);

  /** A server that knows one session and answers its calls as the test specifies. */
  function startWithSession(answer: Parameters<typeof startScripted>[0]) {
    let sessions = 0;
    return startScriptedLegacyWith(async (it, response) => {
      if (it.method === "initialize") response.setHeader("mcp-session-id", `s${(sessions += 1)}`);
      const isResuming = it.headers["last-event-id"] !== undefined;
      if (it.method === "tools/call" || it.method === "ping" || isResuming)
        await answer(it, response);
    });
  }
  function startScriptedLegacyWith(before: Parameters<typeof startScripted>[0]) {
    return startScripted(async (it, response) => {
      await before(it, response);
      if (response.headersSent) return;
      if (it.method === "server/discover")
        sendError(it, response, { code: -32_601, message: "Method not found" });
      else if (it.method === "initialize")
        sendResult(it, response, {
          protocolVersion: "2025-06-18",
          capabilities: { tools: {} },
          serverInfo: { name: "scripted", version: "0" },
        });
      else response.writeHead(it.http === "GET" ? 405 : 202).end();
    });
  }
  const refuse =
    (status: number, code: number): Parameters<typeof startScripted>[0] =>
    (it, response) =>
      sendJson(response, status, {
        jsonrpc: "2.0",
        id: it.id,
        error: { code, message: "Session 404 not found -32001" },
      });
  const callsOf = (server: { calls: { method: string | undefined }[] }) =>
    methods(server.calls).filter((method) => method === "tools/call");

  it("S6 a second loss in a row is the caller's answer", async () => {
    const server = await use(startWithSession(refuse(404, -32_001)));
    const pool = createPool();
    const answer = await call(pool, at(server.url));
    expect(answer).toMatchObject({ kind: "unreachable", retryable: true, httpStatus: 404 });
    expect(callsOf(server)).toHaveLength(2);
  });

  it.each([
    ["invalid params", -32_602],
    ["another code", -1],
  ])("S6 S9 any other 400 is the caller's answer, whatever it says (%s)", async (_name, code) => {
    const server = await use(startWithSession(refuse(400, code)));
    const answer = await call(createPool(), at(server.url));
    expect(answer).toMatchObject({ kind: "protocol-error", code });
    expect(callsOf(server)).toHaveLength(1);
  });

  it("S6 S9 a 400 that may mean anything is the caller's answer while a ping is answered", async () => {
    const server = await use(
      startWithSession((it, response) =>
        it.method === "ping" ? sendResult(it, response, {}) : refuse(400, -32_000)(it, response),
      ),
    );
    const answer = await call(createPool(), at(server.url));
    expect(answer).toMatchObject({ kind: "protocol-error", code: -32_000 });
    expect(callsOf(server)).toHaveLength(1);
  });

  it("S6 a 404 is the caller's answer where there is no session", async () => {
    const server = await use(
      startScriptedLegacy((_it, response) => void response.writeHead(404).end()),
    );
    const answer = await call(createPool(), at(server.url));
    expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 404 });
    expect(callsOf(server)).toHaveLength(1);
  });

  it("S6 a session that is lost while an answer is under way does not bring a second call", async () => {
    const server = await use(
      startWithSession((it, response) => {
        // The session no longer exists when the stream is to be resumed.
        if (it.http === "GET") return void response.writeHead(404).end();
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("id: 1\ndata:\n\n");
        response.socket?.destroy();
      }),
    );
    const answer = await call(createPool(), at(server.url));
    expect(answer).toMatchObject({ kind: "unreachable", retryable: false });
    expect(server.calls.filter(({ http }) => http === "GET")).toHaveLength(1);
    expect(callsOf(server)).toHaveLength(1);
  });
});
