/** Servers that deviate from the protocol in ways that leave no doubt about what they mean. */
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { sendJson, sendResult, startScripted } from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall, ScriptedCounterparty } from "../../../test/counterparties/scripted.ts";
import { listTools } from "../calls/catalog.ts";
import { callTool } from "../calls/execute.ts";
import { createEraCache } from "../protocol-era.ts";
import { createTarget, giveHeaders } from "../testing/sessions.ts";
import { probeServer } from "./probe.ts";
import { type Session, withSession } from "./session.ts";

const closing: ScriptedCounterparty[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

type Answer = (call: ScriptedCall, response: ServerResponse) => void;
const initialized = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "odd", version: "1" },
};
const discovered = {
  resultType: "complete",
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {} },
};
const text = [{ type: "text", text: "done" }];
const done = { kind: "result", content: text };

/** A server that answers the named methods as given, and is otherwise an ordinary legacy server. */
async function start(answers: Record<string, Answer>): Promise<ScriptedCounterparty> {
  const server = await startScripted((call, response) => {
    const answer = answers[call.method ?? call.http];
    if (answer) return answer(call, response);
    if (call.method === "initialize") return sendResult(call, response, initialized);
    if (call.method === "tools/list") return sendResult(call, response, { tools: [] });
    if (call.method === "tools/call") return sendResult(call, response, { content: text });
    return void response.writeHead(call.method?.startsWith("notifications/") ? 202 : 404).end();
  });
  closing.push(server);
  return server;
}
const use = <T>(server: ScriptedCounterparty, run: (session: Session) => Promise<T>, target = {}) =>
  withSession({ ...createTarget(server.url), eras: createEraCache(), ...target }, run);
const call = (session: Session) =>
  callTool(session, { name: "add", arguments: {}, timeoutMs: 3_000 });
const methodsOf = ({ calls }: ScriptedCounterparty) => calls.map(({ method }) => method);
const json =
  (body: unknown, type = "application/json"): Answer =>
  (_call, response) =>
    void response.writeHead(200, { "content-type": type }).end(JSON.stringify(body));
const status =
  (code: number, body = "", headers = {}): Answer =>
  (_call, response) =>
    void response.writeHead(code, headers).end(body);
const challenge = { "www-authenticate": "Bearer" };

describe("I4 a legacy server is found whatever it answers to server/discover", () => {
  it.each<[string, Answer]>([
    ["401", status(401)],
    ["403", status(403, "no such method")],
    ["500", status(500)],
    ["501 with HTML", status(501, "<h1>Not implemented</h1>", { "content-type": "text/html" })],
    ["200 with HTML", status(200, "<h1>Hello</h1>", { "content-type": "text/html" })],
    ["200 with nothing", status(200)],
    ["half a JSON document", status(200, '{"jsonrpc":', { "content-type": "application/json" })],
    [
      "an error with id null",
      json({ jsonrpc: "2.0", id: null, error: { code: -32_600, message: "" } }),
    ],
    ["an error without a code", json({ jsonrpc: "2.0", id: 1, error: "unknown method" })],
    ["a result that is none", json({ jsonrpc: "2.0", id: 1, result: { ok: true } })],
    ["a stream that ends", status(200, ": hello\n\n", { "content-type": "text/event-stream" })],
    ["a reset", (_call, response) => void response.socket?.resetAndDestroy()],
  ])("%s", async (_, answer) => {
    const server = await start({ "server/discover": answer });
    expect(await use(server, call)).toMatchObject(done);
    expect(await probeServer(createTarget(server.url))).toMatchObject({
      kind: "open",
      era: "legacy",
    });
  });

  it.each<[string, Answer]>([
    ["no response", () => undefined],
    [
      "a stream without a message",
      (_call, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
      },
    ],
  ])("%s costs a part of the time only", async (_, answer) => {
    const server = await start({ "server/discover": answer });
    expect(await use(server, call, { timeoutMs: 2_000 })).toMatchObject(done);
  });

  it.each([401, 403])("%i although a token was sent", async (code) => {
    const server = await start({ "server/discover": status(code, "", challenge) });
    let refusals = 0;
    const credentials = {
      ...giveHeaders({ authorization: "Bearer good-token" }),
      refused: async () => {
        refusals += 1;
        return { stop: "refused" };
      },
    };
    expect(await use(server, call, { credentials })).toMatchObject(done);
    expect(refusals).toBe(0);
  });

  it("the era is remembered", async () => {
    const server = await start({ "server/discover": status(401) });
    const eras = createEraCache();
    for (let count = 0; count < 3; count += 1) await use(server, call, { eras });
    expect(methodsOf(server).filter((method) => method === "server/discover")).toHaveLength(1);
  });

  it("a 401 with a challenge asks for credentials, not for another method", async () => {
    const server = await start({ "server/discover": status(401, "", challenge) });
    expect(await probeServer(createTarget(server.url))).toMatchObject({ kind: "unauthorized" });
    expect(methodsOf(server)).toEqual(["server/discover"]);
  });

  it("a modern server that rejected the old token is found with the new one", async () => {
    let token = "old-token";
    const isModern = (one: ScriptedCall) => one.headers.authorization === "Bearer new-token";
    const guard =
      (answer: Answer): Answer =>
      (one, response) =>
        isModern(one) ? answer(one, response) : status(401, "", challenge)(one, response);
    const unknown = guard((one, response) =>
      sendJson(response, 400, {
        jsonrpc: "2.0",
        id: one.id,
        error: { code: -32_022, message: "" },
      }),
    );
    const server = await start({
      "server/discover": guard((one, response) => sendResult(one, response, discovered)),
      initialize: unknown,
      "tools/call": guard((one, response) =>
        sendResult(one, response, { resultType: "complete", content: text }),
      ),
    });
    const credentials = {
      headers: async () => ({
        kind: "headers" as const,
        headers: { authorization: `Bearer ${token}` },
      }),
      refused: async () => {
        token = "new-token";
        return "retry" as const;
      },
    };
    expect(await use(server, call, { credentials })).toMatchObject(done);
  });
});

describe("I5 null means absent, and an invalid member is dropped alone", () => {
  it.each<[string, object]>([
    ["instructions", { instructions: null }],
    ["capabilities", { capabilities: null }],
    [
      "a capability",
      { capabilities: { tools: null, prompts: { listChanged: "yes" }, logging: 1 } },
    ],
    ["a capability that is true", { capabilities: { tools: true } }],
    ["serverInfo", { serverInfo: null }],
    ["the name and the version", { serverInfo: { name: null, version: 2 } }],
    ["protocolVersion", { protocolVersion: null }],
    ["_meta", { _meta: null }],
  ])("in the result of initialize: %s", async (_, members) => {
    const server = await start({
      initialize: (one, response) => sendResult(one, response, { ...initialized, ...members }),
    });
    expect(await use(server, call)).toMatchObject(done);
  });

  it.each<[string, object]>([
    ["supportedVersions", { supportedVersions: "2026-07-28" }],
    ["a version", { supportedVersions: [null, "2026-07-28", 7] }],
    ["capabilities", { capabilities: null }],
    ["instructions and _meta", { instructions: null, _meta: null }],
    ["resultType", { resultType: null }],
  ])("in the result of server/discover: %s", async (_, members) => {
    const server = await start({
      "server/discover": (one, response) =>
        sendResult(one, response, { ...discovered, ...members }),
    });
    const era = await use(server, async (session) => session.era);
    expect(era).toBe("modern");
  });

  it.each<[string, unknown]>([
    ["nextCursor", { tools: [], nextCursor: null }],
    ["ttlMs and _meta", { tools: [], ttlMs: null, _meta: null }],
    ["tools", { tools: null }],
    ["an entry", { tools: [null, 7, { name: null }] }],
  ])("in a list: %s", async (_, result) => {
    const server = await start({
      "tools/list": (one, response) => sendResult(one, response, result),
    });
    expect(await use(server, (session) => listTools(session))).toMatchObject({
      kind: "tools",
      tools: [],
    });
  });

  it("in a message about progress", async () => {
    const progress: unknown[] = [];
    const server = await start({
      "tools/call": (one, response) => {
        const { progressToken } = one.params["_meta"] as { progressToken: number };
        const params = { progressToken, progress: "2", total: null, message: null, _meta: null };
        const messages = [
          { jsonrpc: "2.0", method: "notifications/progress", params },
          { jsonrpc: "2.0", id: one.id, result: { content: text } },
        ];
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(""));
      },
    });
    const onProgress = (one: unknown) => void progress.push(one);
    const answer = await use(server, (session) =>
      callTool(session, { name: "add", arguments: {}, timeoutMs: 3_000, onProgress }),
    );
    expect(answer).toMatchObject(done);
    expect(progress).toEqual([{ progress: 2, total: null, message: null }]);
  });

  it.each<[string, unknown, object]>([
    ["as text", "no such tool", { code: -32_603, message: "no such tool" }],
    [
      "with a code as text",
      { code: "-32001", message: "busy" },
      { code: -32_001, message: "busy" },
    ],
    ["without a message", { code: -5 }, { code: -5, message: "The server gave no reason." }],
    ["with a null message", { code: -5, message: null }, { code: -5 }],
  ])("in an error %s", async (_, error, expected) => {
    const server = await start({
      "tools/call": (one, response) =>
        sendJson(response, 200, { jsonrpc: "2.0", id: one.id, error, result: null }),
    });
    expect(await use(server, call)).toMatchObject({ kind: "protocol-error", ...expected });
  });
});

describe("I6 the result of a tool that has run is kept", () => {
  it.each<[string, (id: unknown) => unknown, string?]>([
    ["_meta null", (id) => ({ jsonrpc: "2.0", id, result: { content: text, _meta: null } })],
    ["_meta a list", (id) => ({ jsonrpc: "2.0", id, result: { content: text, _meta: [] } })],
    ["error null", (id) => ({ jsonrpc: "2.0", id, result: { content: text }, error: null })],
    ["isError null", (id) => ({ jsonrpc: "2.0", id, result: { content: text, isError: null } })],
    ["task null", (id) => ({ jsonrpc: "2.0", id, result: { content: text, task: null } })],
    ["no jsonrpc", (id) => ({ id, result: { content: text } })],
    ["id as text", (id) => ({ jsonrpc: "2.0", id: String(id), result: { content: text } })],
    ["id null", () => ({ jsonrpc: "2.0", id: null, result: { content: text } })],
    ["no id", () => ({ jsonrpc: "2.0", result: { content: text } })],
    ["the content alone", (id) => ({ jsonrpc: "2.0", id, result: text })],
    [
      "unknown members",
      (id) => ({ jsonrpc: "2.0", id, result: { content: text, more: [null] }, took: 3 }),
    ],
    ["no media type", (id) => ({ jsonrpc: "2.0", id, result: { content: text } }), ""],
    ["text/plain", (id) => ({ jsonrpc: "2.0", id, result: { content: text } }), "text/plain"],
    [
      "application/vnd.x+json",
      (id) => ({ jsonrpc: "2.0", id, result: { content: text } }),
      "application/vnd.x+json",
    ],
  ])("%s", async (_, describeIt, type = "application/json") => {
    const asDocument = await start({
      "tools/call": (one, response) => json(describeIt(one.id), type)(one, response),
    });
    expect(await use(asDocument, call)).toMatchObject(done);
    const asEvent = await start({
      "tools/call": (one, response) =>
        status(200, `data: ${JSON.stringify(describeIt(one.id))}\n\n`, {
          "content-type": "text/event-stream",
        })(one, response),
    });
    expect(await use(asEvent, call)).toMatchObject(done);
  });

  it.each([null, "final", "task_result"])(
    "resultType %s of a modern server",
    async (resultType) => {
      const server = await start({
        "server/discover": (one, response) => sendResult(one, response, discovered),
        "tools/call": (one, response) => sendResult(one, response, { content: text, resultType }),
      });
      expect(await use(server, call)).toMatchObject(done);
    },
  );
});

describe("I7 a number that is too large", () => {
  it("in a message about progress is left out", async () => {
    const progress: unknown[] = [];
    const server = await start({
      "tools/call": (one, response) => {
        const { progressToken } = one.params["_meta"] as { progressToken: number };
        const params = `{"progressToken":${progressToken},"progress":1,"total":1e999}`;
        const message = `{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`;
        const result = JSON.stringify({ jsonrpc: "2.0", id: one.id, result: { content: text } });
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`data: ${message}\n\ndata: ${result}\n\n`);
      },
    });
    const onProgress = (one: unknown) => void progress.push(one);
    const answer = await use(server, (session) =>
      callTool(session, { name: "add", arguments: {}, timeoutMs: 3_000, onProgress }),
    );
    expect(answer).toMatchObject(done);
    expect(progress).toEqual([{ progress: 1, total: null, message: null }]);
  });
});

describe("I8 an empty cursor", () => {
  const pages = (tools: string[]): Answer => {
    let page = 0;
    return (one, response) => {
      const name = tools[page] ?? "none";
      page += 1;
      const isLast = page === tools.length;
      const nextCursor = isLast ? {} : { nextCursor: "" };
      sendResult(one, response, {
        tools: [{ name, inputSchema: { type: "object" } }],
        ...nextCursor,
      });
    };
  };

  it("is the end of the list before 2026-07-28", async () => {
    const server = await start({ "tools/list": pages(["one", "two"]) });
    const answer = await use(server, (session) => listTools(session));
    expect(answer).toMatchObject({ kind: "tools", tools: [{ name: "one" }], isTruncated: false });
  });

  it("is a cursor since 2026-07-28", async () => {
    const server = await start({
      "server/discover": (one, response) => sendResult(one, response, discovered),
      "tools/list": pages(["one", "two"]),
    });
    const answer = await use(server, (session) => listTools(session));
    expect(answer).toMatchObject({ kind: "tools", tools: [{ name: "one" }, { name: "two" }] });
  });
});

describe("I19 event streams", () => {
  const write = (body: (message: string) => string): Record<string, Answer> => ({
    "tools/call": (one, response) =>
      status(200, body(JSON.stringify({ jsonrpc: "2.0", id: one.id, result: { content: text } })), {
        "content-type": "text/event-stream",
      })(one, response),
  });

  it.each<[string, (message: string) => string]>([
    ["with CR as line end", (message) => `event: message\rdata: ${message}\r\r`],
    ["with CRLF as line end", (message) => `event: message\r\ndata: ${message}\r\n\r\n`],
    ["without an empty line at the end", (message) => `data: ${message}`],
    ["without a blank after the colon", (message) => `data:${message}\n\n`],
    ["with a batch in one event", (message) => `data: [${message}]\n\n`],
    [
      "with a batch of two",
      (message) =>
        `data: [{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":null}},${message}]\n\n`,
    ],
    [
      "with data in two lines",
      (message) => `data: ${message.slice(0, 1)}\ndata: ${message.slice(1)}\n\n`,
    ],
  ])("%s", async (_, body) => {
    const server = await start(write(body));
    expect(await use(server, call)).toMatchObject(done);
  });

  it("with CR as line end are delivered while the stream stays open", async () => {
    const server = await start({
      "tools/call": (one, response) => {
        const message = JSON.stringify({ jsonrpc: "2.0", id: one.id, result: { content: text } });
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${message}\r\r`);
      },
    });
    expect(await use(server, call)).toMatchObject(done);
  });
});
