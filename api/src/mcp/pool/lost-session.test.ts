/** Legacy servers that no longer know a session, or whose session belongs to another token, and how they say so. */
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { sendJson, sendResult, startScripted } from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall, ScriptedCounterparty } from "../../../test/counterparties/scripted.ts";
import { callTool } from "../calls/execute.ts";
import type { Credentials, Refusal } from "../connection/credentials.ts";
import { createEraCache } from "../protocol-era.ts";
import { createTarget } from "../testing/sessions.ts";
import { createSessionPool } from "./session-pool.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).toReversed()) await one.close();
});

interface BoundServer extends ScriptedCounterparty {
  /** The token that the server accepts. */
  token: string;
  /** The token of each session that the server knows. */
  sessions: Map<string, string>;
  /** Whether the server asks for no token until a tool is called. */
  isOpenUntilCalls: boolean;
  /** How the server answers a request in a session that it does not know. */
  refuseSession: (call: ScriptedCall, response: ServerResponse) => void;
}

/** A server that answers 401 to anything but its token, and to a session of another token. */
async function startBound(): Promise<BoundServer> {
  const refuse = (response: ServerResponse) =>
    void response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
  const scripted = await startScripted((call: ScriptedCall, response) => {
    const token = call.headers.authorization?.replace("Bearer ", "") ?? "";
    const isAccepted = token === server.token;
    if (call.method === "server/discover") return sendJson(response, 404, {});
    if (call.method === "initialize") {
      if (!isAccepted && !server.isOpenUntilCalls) return refuse(response);
      const id = randomUUID();
      server.sessions.set(id, token);
      response.setHeader("mcp-session-id", id);
      const serverInfo = { name: "bound", version: "1" };
      return sendResult(call, response, {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo,
      });
    }
    const owner = server.sessions.get(String(call.headers["mcp-session-id"]));
    if (call.method?.startsWith("notifications/")) return void response.writeHead(202).end();
    if (!isAccepted) return refuse(response);
    if (owner !== token) return server.refuseSession(call, response);
    return sendResult(call, response, { content: [{ type: "text", text: "done" }] });
  });
  const server: BoundServer = {
    ...scripted,
    token: "first",
    sessions: new Map(),
    isOpenUntilCalls: false,
    refuseSession: (_call, response) => refuse(response),
  };
  closing.push(server);
  return server;
}

/** An account whose token is refreshed once after a rejection, like that of the product. */
function openAccount(server: BoundServer, token = { value: "first" }) {
  const pool = createSessionPool({ eras: createEraCache() });
  closing.push(pool);
  const refusals: Refusal[] = [];
  const credentials: Credentials = {
    headers: async () => ({
      kind: "headers",
      headers: { authorization: `Bearer ${token.value}` },
    }),
    async refused(refusal) {
      const isNewest = refusal.sentHeaders["authorization"] === `Bearer ${server.token}`;
      token.value = server.token;
      if (!isNewest && refusal.mayRetry) return "retry";
      if (refusal.isSessionDoubtful) return "new-session";
      refusals.push(refusal);
      return { stop: "rejected" };
    },
  };
  const run = () =>
    pool.use(
      {
        key: { serverId: "server", ownerId: "ada", configVersion: 1, authType: "OAUTH" },
        describe: async () => ({ ...createTarget(server.url), credentials }),
        timeoutMs: 5_000,
      },
      (session) => callTool(session, { name: "add", arguments: {}, timeoutMs: 5_000 }),
    );
  return { run, refusals, token };
}

const done = { kind: "result", content: [{ type: "text", text: "done" }] };
const countOf = ({ calls }: BoundServer, method: string) =>
  calls.filter((call) => call.method === method).length;

describe("I3 a 401 within a session", () => {
  it("for a session of the earlier token leads to a new session, not to a rejection", async () => {
    const server = await startBound();
    const account = openAccount(server);
    expect(await account.run()).toMatchObject(done);
    server.token = "second";
    expect(await account.run()).toMatchObject(done);
    expect(account.refusals).toEqual([]);
    expect(countOf(server, "initialize")).toBe(2);
    expect(await account.run()).toMatchObject(done);
    expect(countOf(server, "initialize"), "the new session is kept").toBe(2);
  });

  it("for a session that the server has lost leads to a new session", async () => {
    const server = await startBound();
    const account = openAccount(server);
    expect(await account.run()).toMatchObject(done);
    server.sessions.clear();
    expect(await account.run()).toMatchObject(done);
    expect(account.refusals).toEqual([]);
  });

  it("counts as a rejection if the new session is refused too", async () => {
    const server = await startBound();
    const account = openAccount(server);
    expect(await account.run()).toMatchObject(done);
    const isKnown = server.sessions.set.bind(server.sessions);
    server.sessions.clear();
    server.sessions.set = (id) => isKnown(id, "nobody");
    expect(await account.run()).toEqual({ kind: "refused", stop: "rejected" });
    expect(account.refusals).toHaveLength(1);
    expect(countOf(server, "initialize")).toBe(2);
  });

  it("counts as a rejection at the first call of a session that was just opened with the same token", async () => {
    const server = await startBound();
    server.isOpenUntilCalls = true;
    const account = openAccount(server, { value: server.token });
    const lost = server.sessions.set.bind(server.sessions);
    // The server opens sessions for everybody, but knows none of them.
    server.sessions.set = (id) => lost(id, "nobody");
    expect(await account.run()).toEqual({ kind: "refused", stop: "rejected" });
    expect(account.refusals).toHaveLength(1);
    expect(countOf(server, "initialize")).toBe(1);
  });
});

const error =
  (status: number, code: number, message: string): BoundServer["refuseSession"] =>
  (call, response) =>
    sendJson(response, status, { jsonrpc: "2.0", id: call.id, error: { code, message } });
const text =
  (status: number, body: string): BoundServer["refuseSession"] =>
  (_call, response) =>
    void response.writeHead(status, { "content-type": "text/plain" }).end(body);

describe("I19 a lost session is recognized, and the call is repeated in a new one", () => {
  it.each<[string, BoundServer["refuseSession"]]>([
    ["404", text(404, "")],
    ["410", text(410, "Gone")],
    ["400 with text", text(400, "Invalid session")],
    ["400 with code -32000", error(400, -32_000, "Bad Request: No valid session ID provided")],
    ["400 with code -32600", error(400, -32_600, "Missing session ID")],
    ["200 with code -32001", error(200, -32_001, "Session not found")],
    ["200 with code -32602", error(200, -32_602, "Session is not initialized")],
    ["200 with code -32603", error(200, -32_603, "Unknown session")],
  ])("%s", async (_, refuseSession) => {
    const server = await startBound();
    server.refuseSession = refuseSession;
    const account = openAccount(server);
    expect(await account.run()).toMatchObject(done);
    server.sessions.clear();
    expect(await account.run()).toMatchObject(done);
    expect(countOf(server, "initialize")).toBe(2);
    expect(await account.run()).toMatchObject(done);
    expect(countOf(server, "initialize"), "the new session is kept").toBe(2);
  });

  it("an error that names a session is the answer of the call while the session works", async () => {
    const server = await startBound();
    const account = openAccount(server);
    const calls = server.sessions.get.bind(server.sessions);
    expect(await account.run()).toMatchObject(done);
    server.refuseSession = (call, response) =>
      call.method === "ping"
        ? sendResult(call, response, {})
        : error(200, -32_602, "There is no session of that name")(call, response);
    server.sessions.get = (id) => (calls(id) === undefined ? undefined : "another");
    expect(await account.run()).toMatchObject({ kind: "protocol-error", code: -32_602 });
    expect(countOf(server, "initialize")).toBe(1);
  });
});
