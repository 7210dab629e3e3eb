import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import type { EgressLimits } from "./egress.ts";
import { startRawServer, startTestServer } from "./testing/test-server.ts";

const LONG: EgressLimits = {
  maxResponseBytes: 1000,
  headersTimeoutMs: 60_000,
  bodyIdleTimeoutMs: 60_000,
  totalDeadlineMs: 60_000,
  longEventStreams: false,
};

describe("limits", () => {
  const egress = createEgress({
    allowLoopback: true,
    allowedPrivateNetworks: [],
    allowedHosts: [],
  });
  afterAll(() => egress.close());
  const fetchAt = (port: number, limits: Partial<EgressLimits>, init?: RequestInit) => {
    const url = `http://127.0.0.1:${port}/`;
    return egress.fetchFor({ serverUrl: url, limits: { ...LONG, ...limits } })(url, init);
  };

  describe("size", () => {
    it("S10 takes a body of exactly the limit and refuses one byte more", async () => {
      for (const size of [1000, 1001]) {
        await using server = await startTestServer((_request, response) => {
          response.end(Buffer.alloc(size, "x"));
        });
        const text = (await fetchAt(server.port, {})).text();
        if (size === 1000) expect(await text).toHaveLength(1000);
        else await expect(text).rejects.toMatchObject({ code: "RESPONSE_TOO_LARGE", sent: true });
      }
    });

    it("S10 counts bytes, not characters", async () => {
      await using server = await startTestServer((_request, response) => {
        response.end("é".repeat(501));
      });
      const response = await fetchAt(server.port, {});
      await expect(response.json()).rejects.toMatchObject({ code: "RESPONSE_TOO_LARGE" });
    });

    it("S10 counts what a compressed body unpacks to", async () => {
      const bomb = gzipSync(Buffer.alloc(5_000_000));
      await using server = await startTestServer((_request, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      });
      const response = await fetchAt(server.port, { maxResponseBytes: 100_000 });
      await expect(response.text()).rejects.toMatchObject({ code: "RESPONSE_TOO_LARGE" });
    });

    it("S10 breaks off an endless body and closes its connection", async () => {
      const closed = Promise.withResolvers<void>();
      await using server = await startTestServer((_request, response) => {
        const write = () => {
          while (response.write("x".repeat(500)));
        };
        response.on("drain", write).on("close", closed.resolve);
        write();
      });
      const response = await fetchAt(server.port, { totalDeadlineMs: Infinity });
      await expect(response.text()).rejects.toMatchObject({ code: "RESPONSE_TOO_LARGE" });
      await closed.promise;
    });

    it("S10 refuses endless headers", async () => {
      await using server = await startTestServer((_request, response) => {
        response.writeHead(200, { "x-long": "x".repeat(20_000) }).end();
      });
      await expect(fetchAt(server.port, {})).rejects.toMatchObject({ code: "RESPONSE_TOO_LARGE" });
    });
  });

  describe("time", () => {
    it("C11 gives up on name resolution that hangs; nothing was sent", async () => {
      const hanging = createEgress(
        { allowLoopback: false, allowedPrivateNetworks: [], allowedHosts: [] },
        () => new Promise(() => {}),
      );
      for (const limits of [{ headersTimeoutMs: 20 }, { totalDeadlineMs: 20 }]) {
        const fetch = hanging.fetchFor({ serverUrl: "https://a.test", limits });
        await expect(fetch("https://a.test/token", { method: "POST" })).rejects.toMatchObject({
          code: "DEADLINE",
          transient: true,
          sent: false,
        });
      }
      await hanging.close();
    });

    it("C11 gives up on a TLS handshake that hangs; nothing was sent", async () => {
      await using server = await startRawServer(() => {});
      const url = `https://127.0.0.1:${server.port}/`;
      const fetch = egress.fetchFor({ serverUrl: url, limits: { headersTimeoutMs: 50 } });
      await expect(fetch(url)).rejects.toMatchObject({ code: "DEADLINE", sent: false });
    });

    it.each([
      ["headersTimeoutMs", /did not answer within 0\.3 s/],
      ["totalDeadlineMs", /did not finish within 0\.3 s/],
    ])("C11 gives up on a server that never answers: %s", async (limit, message) => {
      await using server = await startTestServer(() => {});
      const post = fetchAt(server.port, { [limit]: 300 }, { method: "POST", body: "x" });
      await expect(post).rejects.toMatchObject({
        code: "DEADLINE",
        sent: "unknown",
        message: expect.stringMatching(message) as string,
      });
      expect(server.seen).toHaveLength(1);
    });

    it("C11 gives up on a body that stops", async () => {
      await using server = await startTestServer((_request, response) => {
        response.write("begin");
      });
      const response = await fetchAt(server.port, { bodyIdleTimeoutMs: 30 });
      await expect(response.text()).rejects.toMatchObject({
        code: "DEADLINE",
        sent: true,
        message: expect.stringContaining("sent nothing more") as string,
      });
    });

    it("C11 gives up on a body that drips, though it never stops", async () => {
      await using server = await startTestServer((_request, response) => {
        const drip = setInterval(() => response.write("x"), 5);
        response.on("close", () => clearInterval(drip));
      });
      const response = await fetchAt(server.port, { totalDeadlineMs: 300 });
      await expect(response.text()).rejects.toMatchObject({ code: "DEADLINE", sent: true });
    });

    it.each(["totalDeadlineMs", "bodyIdleTimeoutMs"])(
      "C11 holds an event stream to %s unless the caller lifts it",
      async (limit) => {
        const streams: ServerResponse[] = [];
        await using server = await startTestServer((_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
          response.write("data: 1\n\n");
          streams.push(response);
        });
        const bound = { [limit]: 300 };
        const free = await fetchAt(server.port, { ...bound, longEventStreams: true });
        const text = free.text();
        const held = await fetchAt(server.port, bound);
        // It began later, so its limit passes when that of the free one would have passed too.
        await expect(held.text()).rejects.toMatchObject({ code: "DEADLINE" });
        streams[0]?.end("data: 2\n\n");
        expect(await text).toBe("data: 1\n\ndata: 2\n\n");
      },
    );

    it("does not take a slow reader for a slow server", async () => {
      await using server = await startTestServer((request, response) => {
        if (request.method === "GET") response.write("begin", () => response.end());
      });
      const response = await fetchAt(server.port, { bodyIdleTimeoutMs: 100 });
      const reader = response.body?.getReader();
      // Twice the limit, by the same clock, passes while the reader is busy elsewhere.
      const stayBusy = async () => {
        const busy = fetchAt(server.port, { headersTimeoutMs: 200 }, { method: "POST" });
        await expect(busy).rejects.toMatchObject({ code: "DEADLINE" });
      };
      await stayBusy();
      expect(await reader?.read()).toMatchObject({ done: false });
      await stayBusy();
      expect(await reader?.read()).toMatchObject({ done: true });
    });

    it("leaves no timer and no listener behind", async () => {
      await using server = await startTestServer();
      const signal = countListeners(new AbortController().signal);
      for (const init of [{ signal }, { signal, method: "HEAD" }]) {
        await (await fetchAt(server.port, {}, init)).text();
      }
      await (await fetchAt(server.port, {}, { signal })).body?.cancel();
      const refused = fetchAt(server.port, { maxResponseBytes: 1 }, { signal });
      await expect((await refused).text()).rejects.toThrow("larger than 1 bytes");
      await using broken = await startTestServer((request) => request.socket.destroy());
      await expect(fetchAt(broken.port, {}, { signal })).rejects.toThrow(
        "connection was interrupted",
      );
      expect(signal.listeners()).toBe(0);
    });
  });

  describe("the caller's abort", () => {
    it("rejects with the caller's own reason before, while waiting and while reading", async () => {
      const reason = new Error("changed my mind");
      await using server = await startTestServer((request, response) => {
        if (request.method === "GET") response.write("begin");
        else waiting.abort(reason);
      });
      await expect(fetchAt(server.port, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
      expect(server.connections()).toBe(0);
      const waiting = new AbortController();
      const post = fetchAt(server.port, {}, { method: "POST", signal: waiting.signal });
      await expect(post).rejects.toBe(reason);
      const reading = new AbortController();
      const response = await fetchAt(server.port, {}, { signal: reading.signal });
      const text = response.text();
      reading.abort(reason);
      await expect(text).rejects.toBe(reason);
    });
  });
});

function countListeners(signal: AbortSignal): AbortSignal & { listeners(): number } {
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  return Object.assign(signal, {
    listeners: () => count,
    addEventListener: (...args: Parameters<typeof add>) => (count++, add(...args)),
    removeEventListener: (...args: Parameters<typeof remove>) => (count--, remove(...args)),
  });
}
