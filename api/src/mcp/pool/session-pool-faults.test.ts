import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { ScriptedCall } from "../../../test/counterparties/scripted.ts";
import { sendError, sendResult, startScripted } from "../../../test/counterparties/scripted.ts";
import { createEgress } from "#egress/egress.ts";
import { createEraCache } from "../protocol-era.ts";
import { callTool } from "../calls/execute.ts";
import { createSessionPool } from "./session-pool.ts";
import { createTarget } from "../testing/sessions.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of closing.splice(0).toReversed()) await it.close();
});

type Fault = (call: ScriptedCall, response: ServerResponse) => void | Promise<void>;

/** A server that answers the tool `fine`, and handles other tools according to the fault. */
async function startFaulty(era: "legacy" | "modern", fault: Fault) {
  const server = await startScripted(async (call, response) => {
    const complete = era === "modern" ? { resultType: "complete" } : {};
    if (call.method === "server/discover")
      return era === "modern"
        ? sendResult(call, response, {
            ...complete,
            supportedVersions: ["2026-07-28"],
            capabilities: { tools: {} },
          })
        : sendError(call, response, { code: -32_601, message: "Method not found" });
    if (call.method === "initialize") {
      response.setHeader("mcp-session-id", "one");
      return sendResult(call, response, {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "faulty", version: "0" },
      });
    }
    if (call.method !== "tools/call")
      return void response.writeHead(call.http === "GET" ? 405 : 202).end();
    if (call.params["name"] === "fine")
      return sendResult(call, response, { ...complete, content: [] });
    await fault(call, response);
  });
  closing.push(server);
  return server;
}

const startStream = (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "text/event-stream" });

const faults: Record<string, { fault: Fault; answer: object }> = {
  "hangs before headers": { fault: () => undefined, answer: { kind: "timed-out" } },
  "hangs in mid-stream": {
    fault: (_call, response) => void startStream(response).write("data: {"),
    answer: { kind: "timed-out" },
  },
  drips: {
    async fault(_call, response) {
      startStream(response);
      while (!response.destroyed) {
        response.write(": \n");
        await delay(5);
      }
    },
    answer: { kind: "timed-out" },
  },
  "sends 100 MB": {
    async fault(_call, response) {
      const megabyte = `data: ${"x".repeat(1_000_000)}\n`;
      const body = Readable.from(Array.from({ length: 100 }, () => megabyte));
      // The reader closes the stream.
      await pipeline(body, startStream(response)).catch(() => undefined);
    },
    answer: { kind: "unreachable", sent: true },
  },
  "sends invalid JSON-RPC": {
    fault(_call, response) {
      response.writeHead(200, { "content-type": "application/json" }).end('{"hello":1}');
    },
    answer: { kind: "protocol-error", code: "not-mcp" },
  },
  "answers someone else's id": {
    fault: (call, response) =>
      sendResult({ ...call, id: Number(call.id) + 1 }, response, { content: [] }),
    answer: { kind: "protocol-error", code: "not-mcp" },
  },
  "answers someone else's id in a stream": {
    fault(call, response) {
      const message = { jsonrpc: "2.0", id: Number(call.id) + 1, result: { content: [] } };
      startStream(response).write(`data: ${JSON.stringify(message)}\n\n`);
    },
    answer: { kind: "protocol-error", code: "not-mcp" },
  },
  "closes mid-result": {
    fault(call, response) {
      startStream(response).write(`data: {"jsonrpc":"2.0","id":${call.id},"resu`);
      response.socket?.destroySoon();
    },
    answer: { kind: "unreachable", sent: true, retryable: false },
  },
  "refuses without an id": {
    fault: (call, response) =>
      sendError({ ...call, id: undefined }, response, { code: -32_600, message: "No." }),
    answer: { kind: "protocol-error", code: -32_600 },
  },
};

describe.each(["legacy", "modern"] as const)("S10 a %s server that misbehaves", (era) => {
  it.each(Object.entries(faults))(
    "S10 and %s troubles one call and no other of its session",
    async (_name, { fault, answer }) => {
      const entered = Promise.withResolvers<void>();
      const server = await startFaulty(era, (call, response) => {
        entered.resolve();
        return fault(call, response);
      });
      const egress = createEgress({
        allowLoopback: true,
        allowedPrivateNetworks: [],
        allowedHosts: [],
      });
      const pool = createSessionPool({ eras: createEraCache() });
      closing.push(egress, pool);
      const call = (tool: string, timeoutMs: number) =>
        pool.use(
          {
            key: { serverId: "s", ownerId: "o", configVersion: 1, authType: "NONE" },
            describe: async () =>
              createTarget(server.url, {
                fetch: egress.fetchFor({
                  serverUrl: server.url,
                  limits: { totalDeadlineMs: 60_000, longEventStreams: true },
                }),
              }),
            timeoutMs: 10_000,
          },
          (session) => callTool(session, { name: tool, arguments: {}, timeoutMs }),
        );
      expect(await call("fine", 10_000)).toMatchObject({ kind: "result" });
      const isSlow = "kind" in answer && answer.kind === "timed-out";
      const troubled = call("faulty", isSlow ? 500 : 20_000);
      await entered.promise;
      const fine = await Promise.all([call("fine", 10_000), call("fine", 10_000)]);
      for (const one of fine) expect(one).toMatchObject({ kind: "result" });
      expect(await troubled).toMatchObject(answer);
      expect(await call("fine", 10_000)).toMatchObject({ kind: "result" });
      // Never sent twice (S6), and never in a separate session.
      expect(server.calls.filter(({ params }) => params["name"] === "faulty")).toHaveLength(1);
      expect(server.calls.filter(({ method }) => method === "initialize")).toHaveLength(
        era === "legacy" ? 1 : 0,
      );
    },
    30_000,
  );
});
