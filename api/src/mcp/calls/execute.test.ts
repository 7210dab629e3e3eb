import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { startEverything } from "../../../test/counterparties/everything.ts";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startDual, startModernOnly } from "../../../test/counterparties/modern.ts";
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import {
  sendError,
  sendJson,
  sendResult,
  startScriptedLegacy,
  startScriptedModern,
} from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall } from "../../../test/counterparties/scripted.ts";
import { callTool } from "./execute.ts";
import type { Progress, ToolCall } from "./execute.ts";
import type { SessionTarget } from "../connection/session.ts";
import { withSession } from "../connection/session.ts";
import { createTarget, giveHeaders } from "../testing/sessions.ts";

const started: Counterparty[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((counterparty) => counterparty.close()));
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  started.push(counterparty);
  return counterparty;
}
const call = (url: string, changes: Partial<ToolCall> = {}, target: Partial<SessionTarget> = {}) =>
  withSession(createTarget(url, target), (session) =>
    callTool(session, { name: "add", arguments: {}, timeoutMs: 5_000, ...changes }),
  );
const startTool = (answer: (call: ScriptedCall, response: ServerResponse) => void) =>
  startScriptedLegacy((it, response) => {
    if (it.method === "tools/call") return answer(it, response);
    if (it.method === "tools/list") return sendResult(it, response, { tools: [] });
    response.writeHead(202).end();
  });
const callsOf = (calls: ScriptedCall[], method: string) =>
  calls.filter((it) => it.method === method);

describe("a result", () => {
  it.each([
    ["modern", startModernOnly],
    ["dual", startDual],
    ["legacy", startLegacy],
  ] as const)("comes from a %s server", async (_era, start) => {
    const server = await use<Counterparty>(start());
    expect(await call(server.url, { arguments: { a: 1, b: 2 } })).toEqual({
      kind: "result",
      content: [{ type: "text", text: "3" }],
      structuredContent: { sum: 3 },
      isError: false,
    });
  });

  it("comes from the reference server, with every kind of content", async () => {
    const server = await use(startEverything());
    const contentOf = async (name: string, args = {}) => {
      const answer = await call(server.url, { name, arguments: args });
      return answer.kind === "result" ? answer.content : [answer];
    };
    const types = async (name: string, args = {}) =>
      (await contentOf(name, args)).map((block) => ("type" in block ? block.type : block.kind));
    expect(await types("echo", { message: "hi" })).toEqual(["text"]);
    expect(await types("get-tiny-image")).toEqual(["text", "image", "text"]);
    expect(await types("get-resource-links", { count: 1 })).toEqual(["text", "resource_link"]);
    const reference = { resourceType: "Text", resourceId: 1 };
    const embedded = (await contentOf("get-resource-reference", reference))[1];
    expect(embedded).toEqual({
      type: "resource",
      resource: expect.objectContaining({ text: expect.any(String), blob: null }),
    });
  });

  it("says when the tool failed", async () => {
    const server = await use(startModernOnly());
    expect(await call(server.url, { name: "fail" })).toMatchObject({
      kind: "result",
      isError: true,
    });
  });

  it("reports progress", async () => {
    const server = await use(startModernOnly());
    const progress: Progress[] = [];
    const answer = await call(server.url, {
      name: "wait",
      onProgress: (step) => {
        progress.push(step);
        server.gate.open();
      },
    });
    expect(answer).toMatchObject({ kind: "result" });
    expect(progress).toEqual([{ progress: 1, total: 2, message: "half way" }]);
  });

  it("reports progress of the reference server", async () => {
    const server = await use(startEverything());
    const progress: Progress[] = [];
    await call(server.url, {
      name: "trigger-long-running-operation",
      arguments: { duration: 0.1, steps: 2 },
      onProgress: (step) => progress.push(step),
    });
    expect(progress.map((step) => step.progress)).toEqual([1, 2]);
  });

  it("D10 keeps what it can of odd content, and shows the rest as text", async () => {
    const server = await use(
      startTool((it, response) =>
        sendResult(it, response, {
          content: [
            { type: "text", text: "fine", annotations: { priority: "high" } },
            { type: "image", data: "AAAA" },
            { type: "hologram", data: 1 },
            null,
          ],
          structuredContent: [1, 2],
          isError: null,
        }),
      ),
    );
    const answer = await call(server.url);
    expect(answer).toMatchObject({
      kind: "result",
      isError: false,
      structuredContent: { result: [1, 2] },
      content: [
        { type: "text", text: "fine" },
        { type: "image", data: "AAAA", mimeType: "application/octet-stream" },
        { type: "text", text: expect.stringContaining('"hologram"') },
        { type: "text" },
      ],
    });
  });

  it.each([
    [{ toolResult: { old: true } }, '"old": true'],
    [{ content: "bare" }, "bare"],
  ])("understands %j", async (result, words) => {
    const server = await use(startTool((it, response) => sendResult(it, response, result)));
    const answer = await call(server.url);
    expect(answer).toHaveProperty("content.0.text", expect.stringContaining(words));
  });

  it("may be any JSON on a modern server", async () => {
    const server = await use(startScriptedModern(() => ({ content: [], structuredContent: [1] })));
    expect(await call(server.url)).toMatchObject({ kind: "result", structuredContent: [1] });
  });

  it("sends the headers that the tool's schema asks for", async () => {
    const server = await use(startModernOnly());
    const schema = { properties: { region: { type: "string", "x-mcp-header": "Region" } } };
    const tool = { name: "route", inputSchema: { type: "object", ...schema }, outputSchema: null };
    const headers: (string | null)[] = [];
    const fetch: SessionTarget["fetch"] = (input, init) => {
      headers.push(new Headers(init?.headers).get("mcp-param-region"));
      return plainFetch(input, init);
    };
    const route = { name: "route", arguments: { region: "eu" }, tool };
    expect(await call(server.url, route, { fetch })).toMatchObject({ kind: "result" });
    expect(headers).toContain("eu");
  });
});

describe("a result that is not what the tool declares", () => {
  const outputSchema = { type: "object", properties: { sum: { type: "number" } } };
  const tool = { name: "add", inputSchema: { type: "object" }, outputSchema };

  it("is told in words", async () => {
    const result = { content: [], structuredContent: { sum: "three" } };
    const server = await use(startTool((it, response) => sendResult(it, response, result)));
    const answer = await call(server.url, { tool });
    expect(answer).toMatchObject({ kind: "protocol-error", code: "invalid-output" });
    expect(answer).toHaveProperty("message", expect.stringContaining("/sum must be number"));
  });

  it("is let pass when the declaration itself makes no sense", async () => {
    const result = { content: [], structuredContent: { sum: 3 } };
    const server = await use(startTool((it, response) => sendResult(it, response, result)));
    const broken = { ...tool, outputSchema: { type: "object", $ref: "https://example.com/x" } };
    expect(await call(server.url, { tool: broken })).toMatchObject({ kind: "result" });
  });
});

describe("S7 a call that takes too long", () => {
  it("is cancelled at a legacy server by notification", async () => {
    const server = await use(startLegacy());
    const answer = await call(server.url, { name: "wait", timeoutMs: 300 });
    expect(answer).toMatchObject({ kind: "timed-out" });
    await server.gate.cancelled;
    expect(server.openSessions()).toBe(0);
  });

  it("is cancelled at a modern server by closing its stream", async () => {
    const server = await use(startModernOnly());
    const answer = await call(server.url, { name: "wait", timeoutMs: 300 });
    expect(answer).toMatchObject({ kind: "timed-out" });
    await server.gate.cancelled;
  });

  it("sends the notification before the connection is closed, and aborts the request", async () => {
    const aborted = Promise.withResolvers<void>();
    const server = await use(
      startTool((_it, response) => void response.on("close", () => aborted.resolve())),
    );
    expect(await call(server.url, { timeoutMs: 300 })).toMatchObject({ kind: "timed-out" });
    await aborted.promise;
    const [cancelled] = callsOf(server.calls, "notifications/cancelled");
    const [toolCall] = callsOf(server.calls, "tools/call");
    expect(cancelled?.params["requestId"]).toBe(toolCall?.id);
  });

  it.each([
    ["legacy", startLegacy],
    ["modern", startModernOnly],
  ] as const)("is cancelled at a %s server when the caller aborts", async (_era, start) => {
    const server =
      await use<Awaited<ReturnType<typeof startLegacy | typeof startModernOnly>>>(start());
    const stop = new AbortController();
    const answer = call(server.url, { name: "wait", signal: stop.signal });
    await server.gate.entered;
    stop.abort();
    expect(await answer).toEqual({ kind: "cancelled", sent: true });
    await server.gate.cancelled;
  });

  it("is not sent at all when the caller has aborted before", async () => {
    const server = await use(startModernOnly());
    const signal = AbortSignal.abort();
    expect(await call(server.url, { name: "count", signal })).toEqual({ kind: "cancelled" });
    expect(server.runs()).toBe(0);
  });
});

describe("S6 a call that may have run is never sent again", () => {
  const calls = (server: { calls: ScriptedCall[] }) => callsOf(server.calls, "tools/call").length;

  it("when the connection breaks before the answer", async () => {
    const server = await use(startTool((_it, response) => void response.destroy()));
    const lost = { kind: "unreachable", sent: "unknown", retryable: false };
    expect(await call(server.url)).toMatchObject(lost);
    expect(calls(server)).toBe(1);
  });

  it("when the connection breaks in the middle of the result", async () => {
    const server = await use(
      startTool((_it, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
        response.write('{"jsonrpc":"2.0"', () => response.destroy());
      }),
    );
    const lost = { kind: "unreachable", sent: "unknown", retryable: false };
    expect(await call(server.url)).toMatchObject(lost);
    expect(calls(server)).toBe(1);
  });

  it.each([
    ["breaks off", (response: ServerResponse) => void response.destroy()],
    ["ends", (response: ServerResponse) => void response.end()],
  ])("when its event stream %s, at once and not after the timeout", async (_how, finish) => {
    const server = await use(
      startTool((_it, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(": working\n\n", () => finish(response));
      }),
    );
    const lost = { kind: "unreachable", sent: "unknown", retryable: false };
    expect(await call(server.url, { timeoutMs: 60_000 })).toMatchObject(lost);
    expect(calls(server)).toBe(1);
  });

  it.each([500, 502, 503, 504])("when the server answers %i", async (status) => {
    const server = await use(startTool((_it, response) => void response.writeHead(status).end()));
    const failed = { kind: "unreachable", sent: true, retryable: false, httpStatus: status };
    expect(await call(server.url)).toMatchObject(failed);
    expect(calls(server)).toBe(1);
  });

  it("but is said to be retryable when the server asks to slow down", async () => {
    const server = await use(startTool((_it, response) => void response.writeHead(429).end()));
    expect(await call(server.url)).toMatchObject({ kind: "unreachable", retryable: true });
    expect(calls(server)).toBe(1);
  });

  it("but is said to be retryable when the session was lost, which refused it", async () => {
    const server = await use(startLegacy());
    const answer = await withSession(createTarget(server.url), (session) => {
      server.forgetSessions();
      return callTool(session, { name: "add", arguments: {}, timeoutMs: 5_000 });
    });
    expect(answer).toMatchObject({ kind: "unreachable", retryable: true, httpStatus: 404 });
  });

  it("but for a 401 that refused it", async () => {
    const server = await use(
      startTool((it, response) => {
        if (it.headers.authorization === "new") sendResult(it, response, { content: [] });
        else response.writeHead(401).end();
      }),
    );
    let authorization = "old";
    const credentials: SessionTarget["credentials"] = {
      headers: async () => ({ kind: "headers", headers: { authorization } }),
      refused: async () => {
        authorization = "new";
        return "retry";
      },
    };
    expect(await call(server.url, {}, { credentials })).toMatchObject({ kind: "result" });
    expect(calls(server)).toBe(2);
  });

  it("is not sent late when the time ran out while credentials were renewed", async () => {
    const server = await use(startTool((_it, response) => void response.writeHead(401).end()));
    const renewed = Promise.withResolvers<void>();
    const credentials: SessionTarget["credentials"] = {
      ...giveHeaders(),
      refused: async () => {
        await renewed.promise;
        return "retry";
      },
    };
    const answer = await withSession(createTarget(server.url, { credentials }), async (session) => {
      const late = await callTool(session, { name: "add", arguments: {}, timeoutMs: 100 });
      renewed.resolve();
      return late;
    });
    expect(answer).toMatchObject({ kind: "unreachable", sent: false, retryable: true });
    expect(calls(server)).toBe(1);
    expect(callsOf(server.calls, "notifications/cancelled")).toHaveLength(0);
  });

  it("is known not to have been sent when the time ran out before there were credentials", async () => {
    const server = await use(startTool((it, response) => sendResult(it, response, {})));
    const given = Promise.withResolvers<void>();
    let isCalling = false;
    const credentials: SessionTarget["credentials"] = {
      ...giveHeaders(),
      headers: async () => {
        if (isCalling) await given.promise;
        return { kind: "headers", headers: {} };
      },
    };
    const answer = await withSession(createTarget(server.url, { credentials }), async (session) => {
      isCalling = true;
      const late = await callTool(session, { name: "add", arguments: {}, timeoutMs: 100 });
      given.resolve();
      return late;
    });
    expect(answer).toMatchObject({ kind: "unreachable", sent: false, retryable: true });
    expect(calls(server)).toBe(0);
    expect(callsOf(server.calls, "notifications/cancelled")).toHaveLength(0);
  });
});

describe("S9 what went wrong is told by types and codes", () => {
  it("hands the reason of a refusal back", async () => {
    const server = await use(startTool((_it, response) => void response.writeHead(401).end()));
    expect(await call(server.url)).toEqual({ kind: "refused", stop: { refusedWith: 401 } });
  });

  it("tells an error of the protocol", async () => {
    const error = { code: -32_603, message: "Broken\nhere 401 404" };
    const server = await use(startTool((it, response) => sendError(it, response, error)));
    const message = "Broken here 401 404";
    expect(await call(server.url)).toEqual({ kind: "protocol-error", code: -32_603, message });
  });

  it("tells an error of the protocol that comes with an HTTP error", async () => {
    const server = await use(
      startTool((it, response) => {
        const error = { code: -32_000, message: "No" };
        sendJson(response, 400, { jsonrpc: "2.0", id: it.id, error });
      }),
    );
    const answer = { kind: "protocol-error", code: -32_000, message: "No", httpStatus: 400 };
    expect(await call(server.url)).toEqual(answer);
  });

  it.each([-32_602, -32_601])(
    "tells an unknown tool by the list when the code is %i",
    async (code) => {
      const error = { code, message: "whatever" };
      const server = await use(startTool((it, response) => sendError(it, response, error)));
      expect(await call(server.url)).toMatchObject({ kind: "unknown-tool" });
    },
  );

  it("tells an unknown tool of a modern server", async () => {
    const server = await use(startModernOnly());
    expect(await call(server.url, { name: "nope" })).toEqual({ kind: "unknown-tool" });
  });

  it("does not take wrong arguments for an unknown tool", async () => {
    const server = await use(
      startScriptedLegacy((it, response) => {
        if (it.method === "tools/call") {
          sendError(it, response, { code: -32_602, message: "Tool not found: wrong arguments" });
        } else {
          sendResult(it, response, { tools: [{ name: "add", inputSchema: {} }] });
        }
      }),
    );
    expect(await call(server.url)).toMatchObject({ kind: "protocol-error", code: -32_602 });
  });

  it("says that a tool asks something", async () => {
    const message = expect.stringContaining("requires input from the user");
    const asked = { kind: "protocol-error", code: "input-required", message };
    const server = await use(startModernOnly());
    expect(await call(server.url, { name: "ask" })).toEqual(asked);
    const asking = await use(
      startScriptedModern(() => ({ resultType: "input_required", requestState: "s" })),
    );
    expect(await call(asking.url)).toEqual(asked);
  });

  it("tells a result that breaks the protocol", async () => {
    const server = await use(startScriptedModern(() => ({ resultType: "new kind" })));
    expect(await call(server.url)).toMatchObject({
      kind: "protocol-error",
      code: "invalid-result",
    });
  });

  it("tells an answer that is not MCP", async () => {
    const server = await use(
      startTool((_it, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      }),
    );
    expect(await call(server.url)).toMatchObject({ kind: "protocol-error", code: "not-mcp" });
  });

  it.each([
    ["RESPONSE_TOO_LARGE", true, "unreachable"],
    ["DEADLINE", "unknown", "timed-out"],
    ["CONNECT_FAILED", false, "unreachable"],
  ] as const)(
    "tells the guarded fetch's %s, also from an event stream",
    async (code, sent, kind) => {
      const server = await use(startTool(() => undefined));
      const failure = Object.assign(new Error("words"), {
        name: "EgressError",
        code,
        sent,
        transient: true,
      });
      const breaking: SessionTarget["fetch"] = async (input, init) => {
        if (typeof init?.body !== "string" || !init.body.includes("tools/call"))
          return plainFetch(input, init);
        if (!sent) throw failure;
        const body = new ReadableStream({ pull: (controller) => controller.error(failure) });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      };
      const answer = await call(server.url, {}, { fetch: breaking });
      expect(answer).toMatchObject({ kind, message: "words" });
      if (answer.kind === "unreachable") expect(answer.retryable).toBe(sent === false);
    },
  );
});
