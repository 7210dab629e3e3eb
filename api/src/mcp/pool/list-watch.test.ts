import { afterEach, describe, expect, it } from "vitest";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startModernOnly } from "../../../test/counterparties/modern.ts";
import { startOldSse } from "../../../test/counterparties/old-sse.ts";
import {
  sendResult,
  startScripted,
  startScriptedLegacy,
} from "../../../test/counterparties/scripted.ts";
import { createEraCache } from "../protocol-era.ts";
import { callTool } from "../calls/execute.ts";
import { createSessionPool } from "./session-pool.ts";
import type { ListChange } from "./session-pool.ts";
import { createServerStreams } from "../connection/server-stream.ts";
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
function createPooled(url: string, options: Parameters<typeof createSessionPool>[0] = {}) {
  const pool = createSessionPool({ eras: createEraCache(), ...options });
  closing.push(pool);
  const changes: ListChange[] = [];
  const stop = pool.onListChanged((change) => changes.push(change));
  const call = (ownerId = "o") =>
    pool.use(
      {
        key: { serverId: "s", ownerId, configVersion: 1, authType: "NONE" },
        describe: async () => createTarget(url),
        timeoutMs: 5_000,
      },
      (session) => callTool(session, { name: "add", arguments: { a: 1, b: 2 }, timeoutMs: 5_000 }),
    );
  return { pool, call, changes, stop };
}
const toolsOf = (ownerId: string): ListChange => ({ serverId: "s", ownerId, list: "tools" });

describe("a change of a server's lists", () => {
  it.each([
    ["modern", startModernOnly],
    ["legacy", startLegacy],
    ["old HTTP+SSE", startOldSse],
  ] as const)("is told while a session is pooled (%s)", async (_name, start) => {
    const server = await use<Counterparty & { announceTools(): void | Promise<void> }>(start());
    const { call, changes, pool } = createPooled(server.url);
    expect(await call()).toMatchObject({ kind: "result" });
    // The stream is opened in the background after the call.
    await expect
      .poll(async () => {
        await server.announceTools();
        return changes.length;
      })
      .toBeGreaterThan(0);
    expect(changes[0]).toEqual(toolsOf("o"));
    await pool.close();
  });

  it("is told to nobody who does not want to hear of it any more", async () => {
    const server = await use(startLegacy());
    const { call, changes, stop } = createPooled(server.url);
    await call();
    await expect.poll(() => server.openStreams()).toBe(1);
    stop();
    server.announceTools();
    await call();
    expect(changes).toEqual([]);
  });
});

describe("a standing stream", () => {
  it("ends with its session", async () => {
    const server = await use(startLegacy());
    const { call, pool } = createPooled(server.url);
    await call();
    await expect.poll(() => server.openStreams()).toBe(1);
    pool.evictAll();
    await expect.poll(() => server.openStreams()).toBe(0);
    expect(server.openSessions()).toBe(0);
  });

  it("has a place, or is done without", async () => {
    const server = await use(startLegacy());
    const { call } = createPooled(server.url, {
      standing: createServerStreams({ perOrigin: 1 }),
    });
    for (const ownerId of ["a", "b", "c"])
      expect(await call(ownerId)).toMatchObject({ kind: "result" });
    await expect.poll(() => server.openStreams()).toBe(1);
    expect(server.requests.filter((method) => method === "GET")).toHaveLength(1);
  });

  it("that a server ends as soon as it is open is not opened again and again", async () => {
    let opened = 0;
    const server = await use(
      startScriptedLegacy((call, response) => {
        if (call.http !== "GET") return sendResult(call, response, { content: [] });
        opened += 1;
        response.writeHead(200, { "content-type": "text/event-stream" }).end("retry: 0\n\n");
      }),
    );
    const { call } = createPooled(server.url);
    expect(await call()).toMatchObject({ kind: "result" });
    await expect.poll(() => opened).toBe(3);
    for (let i = 0; i < 20; i += 1) await call();
    expect(opened).toBe(3);
  });

  it("is not asked for anew by every call of a modern server that refuses it", async () => {
    const server = await use(
      startScripted((call, response) => {
        if (call.method === "subscriptions/listen") return void response.writeHead(503).end();
        const discovery = {
          supportedVersions: ["2026-07-28"],
          capabilities: { tools: { listChanged: true } },
        };
        const result = call.method === "server/discover" ? discovery : { content: [] };
        sendResult(call, response, { resultType: "complete", ...result });
      }),
    );
    const { call } = createPooled(server.url);
    for (let i = 0; i < 5; i += 1) expect(await call()).toMatchObject({ kind: "result" });
    const asked = () => server.calls.filter(({ method }) => method === "subscriptions/listen");
    await expect.poll(asked).toHaveLength(1);
    await call();
    expect(asked()).toHaveLength(1);
  });
});

describe("places for standing streams", () => {
  it("are given back once, and bounded in all and per origin", () => {
    const places = createServerStreams({ perProcess: 3, perOrigin: 2 });
    const [first, second] = [places.take("https://a"), places.take("https://a")];
    expect(places.take("https://a")).toBeNull();
    expect(places.take("https://b")).not.toBeNull();
    expect(places.take("https://c")).toBeNull();
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    expect(places.take("https://c")).not.toBeNull();
    expect(places.take("https://c")).toBeNull();
    second?.[Symbol.dispose]();
    expect(places.take("https://a")).not.toBeNull();
  });
});
