/** Servers that change their protocol era while they are connected (regressions I22). */
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import {
  sendError,
  sendJson,
  sendResult,
  startScripted,
} from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall, ScriptedCounterparty } from "../../../test/counterparties/scripted.ts";
import { callTool } from "../calls/execute.ts";
import { createEraCache } from "../protocol-era.ts";
import { createTarget } from "../testing/sessions.ts";
import { createSessionPool } from "./session-pool.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).toReversed()) await one.close();
});

type Era = "legacy" | "modern";
interface ChangingServer extends ScriptedCounterparty {
  era: Era;
}
type Refuse = (call: ScriptedCall, response: ServerResponse) => void;

const error =
  (status: number, code: number, message: string): Refuse =>
  (call, response) =>
    sendJson(response, status, { jsonrpc: "2.0", id: call.id, error: { code, message } });

/** A server without sessions that knows the messages of one era at a time. */
async function startChanging(era: Era, refuse: Refuse): Promise<ChangingServer> {
  const scripted = await startScripted((call, response) => {
    const isModern = call.headers["mcp-protocol-version"] === "2026-07-28";
    if (call.method === "server/discover" && server.era === "modern")
      return sendResult(call, response, {
        resultType: "complete",
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: {} },
      });
    if (call.method === "initialize" && server.era === "legacy")
      return sendResult(call, response, {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "changing", version: "1" },
      });
    if (call.method?.startsWith("notifications/")) return void response.writeHead(202).end();
    if (isModern !== (server.era === "modern")) return refuse(call, response);
    if (call.method !== "tools/call")
      return sendError(call, response, { code: -32_601, message: "Method not found" });
    return sendResult(call, response, {
      ...(isModern ? { resultType: "complete" } : {}),
      content: [{ type: "text", text: server.era }],
    });
  });
  const server: ChangingServer = { ...scripted, era };
  closing.push(server);
  return server;
}

function openCalls(server: ChangingServer) {
  const pool = createSessionPool({ eras: createEraCache() });
  closing.push(pool);
  return () =>
    pool.use(
      {
        key: { serverId: "server", ownerId: "ada", configVersion: 1, authType: "NONE" },
        describe: async () => createTarget(server.url),
        timeoutMs: 5_000,
      },
      (session) => callTool(session, { name: "add", arguments: {}, timeoutMs: 5_000 }),
    );
}

const says = (text: string) => ({ kind: "result", content: [{ type: "text", text }] });
const countOf = ({ calls }: ScriptedCounterparty, method: string) =>
  calls.filter((call) => call.method === method).length;

const refusals: [string, Refuse][] = [
  ["unsupported version", error(400, -32_022, "Unsupported protocol version")],
  ["header mismatch", error(400, -32_020, "Header mismatch")],
  ["method not found", error(200, -32_601, "Method not found")],
  ["no valid session", error(400, -32_000, "Bad Request: Server not initialized")],
  ["invalid params", error(400, -32_602, "Invalid request parameters")],
  ["not found", (_call, response) => void response.writeHead(404).end()],
  ["text", (_call, response) => void response.writeHead(400).end("Bad request")],
];

describe("I22 a server that changes its era is negotiated with again, and the refused call is repeated", () => {
  it.each(refusals)("upgraded, and refuses with: %s", async (_, refuse) => {
    const server = await startChanging("legacy", refuse);
    const call = openCalls(server);
    expect(await call()).toMatchObject(says("legacy"));
    server.era = "modern";
    expect(await call()).toMatchObject(says("modern"));
    expect(await call()).toMatchObject(says("modern"));
  });

  it.each(refusals)("rolled back, and refuses with: %s", async (_, refuse) => {
    const server = await startChanging("modern", refuse);
    const call = openCalls(server);
    expect(await call()).toMatchObject(says("modern"));
    server.era = "legacy";
    expect(await call()).toMatchObject(says("legacy"));
    expect(await call()).toMatchObject(says("legacy"));
  });

  it("an error that has nothing to do with the era costs one negotiation a minute, and runs nothing twice", async () => {
    const own = { code: -32_022, message: "Unsupported protocol version" };
    const refusing = await startScripted((one, response) =>
      one.method === "server/discover"
        ? sendResult(one, response, { supportedVersions: ["2026-07-28"], capabilities: {} })
        : sendError(one, response, own),
    );
    closing.push(refusing);
    const failing = openCalls({ ...refusing, era: "modern" });
    for (let count = 0; count < 5; count += 1)
      expect(await failing()).toMatchObject({ kind: "protocol-error", code: -32_022 });
    expect(countOf(refusing, "tools/call")).toBe(5);
    // One for the first connection and one for the check; a connection that had no result is negotiated again.
    expect(countOf(refusing, "initialize")).toBe(0);
  });
});
