import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";
import { sendError, sendJson, sendResult } from "./scripted.ts";
import type { ScriptedCall } from "./scripted.ts";

/** What the tool `fault` does instead of answering as it should. */
export type Fault = (call: ScriptedCall, response: ServerResponse) => void;

export interface FaultyCounterparty extends Counterparty {
  /** How often each tool was called. */
  runs: Record<"fault" | "add", number>;
  /** What was told to be cancelled, by request id. */
  cancelled: unknown[];
  /** Resolves once the tool `fault` runs. */
  readonly entered: Promise<void>;
  /** Resolves once the client has let go of the call of `fault`; with the bytes that it was sent. */
  readonly released: Promise<number>;
}

export type Era = "legacy" | "modern";

const tools = ["fault", "add"].map((name) => ({ name, inputSchema: { type: "object" } }));

/**
 * An MCP server of either era with two tools: `add`, which is as it should be, and `fault`.
 * @param port left out: a free one
 */
export async function startFaulty(era: Era, fault: Fault, port = 0): Promise<FaultyCounterparty> {
  const runs = { fault: 0, add: 0 };
  const cancelled: unknown[] = [];
  const entered = Promise.withResolvers<void>();
  const released = Promise.withResolvers<number>();

  function runTool(call: ScriptedCall, response: ServerResponse): void {
    const name = call.params["name"] === "fault" ? "fault" : "add";
    runs[name] += 1;
    if (name === "add") {
      const content = [{ type: "text", text: "42" }];
      return sendResult(call, response, { resultType: "complete", content });
    }
    const { socket } = response;
    const sentBefore = socket?.bytesWritten ?? 0;
    response.on("close", () => released.resolve((socket?.bytesWritten ?? 0) - sentBefore));
    entered.resolve();
    fault(call, response);
  }

  function answer(call: ScriptedCall, response: ServerResponse): void {
    if (call.http !== "POST") return void response.writeHead(405).end();
    switch (call.method) {
      case "server/discover":
        if (era === "legacy") return sendError(call, response, { code: -32_601, message: "?" });
        return sendResult(call, response, {
          resultType: "complete",
          supportedVersions: ["2026-07-28"],
          capabilities: { tools: {} },
        });
      case "initialize":
        return sendResult(call, response, {
          protocolVersion: "2025-06-18",
          capabilities: { tools: {} },
          serverInfo: { name: "faulty", version: "0.0.0" },
        });
      case "tools/list":
        return sendResult(call, response, { resultType: "complete", tools });
      case "tools/call":
        return runTool(call, response);
      case "notifications/cancelled":
        cancelled.push(call.params["requestId"]);
        return void response.writeHead(202).end();
      default:
        return void response.writeHead(202).end();
    }
  }

  const counterparty = await listenOnLoopback(
    async (request, response) => answer(await readCall(request), response),
    "/mcp",
    port,
  );
  return {
    ...counterparty,
    runs,
    cancelled,
    entered: entered.promise,
    released: released.promise,
  };
}

async function readCall(request: IncomingMessage): Promise<ScriptedCall> {
  const body = await text(request);
  const { id, method, params = {} } = body === "" ? {} : JSON.parse(body);
  return { http: request.method ?? "", headers: request.headers, id, method, params };
}

/** Writes the same piece again and again, as fast as it is taken or so often, until all is written or the other end has gone. */
function pour(
  response: ServerResponse,
  piece: string,
  { bytes = Infinity, everyMs = 0 }: { bytes?: number; everyMs?: number },
): void {
  let left = bytes;
  const write = () => {
    if (response.destroyed) return;
    left -= piece.length;
    const more = left > 0 ? write : () => response.end();
    response.write(piece, () => (everyMs > 0 ? setTimeout(more, everyMs) : more()));
  };
  write();
}

const json = { "content-type": "application/json" };
const eventStream = { "content-type": "text/event-stream" };
const hundredMegabytes = 100 * 1024 * 1024;
const kilobyte = "x".repeat(1_024);
const chunk = kilobyte.repeat(64);

function nest(levels: number): string {
  return `${"[".repeat(levels)}${"]".repeat(levels)}`;
}

/** Of what servers do wrong, by name. */
export const faults = {
  "hangs before headers": () => {},
  "hangs in the middle of a JSON answer": (_call, response) => {
    response.writeHead(200, json).write('{"jsonrpc":"2.0","id":');
  },
  "hangs in mid-stream": (_call, response) => {
    response.writeHead(200, eventStream).write(": working\n\ndata: {");
  },
  "drips a JSON answer": (_call, response) => {
    response.writeHead(200, json);
    pour(response, " ", { everyMs: 20 });
  },
  "drips comments into its stream": (_call, response) => {
    response.writeHead(200, eventStream);
    pour(response, ": still working\n\n", { everyMs: 20 });
  },
  "sends 100 MB of JSON": (call, response) => {
    response.writeHead(200, json);
    response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":{"x":"`);
    pour(response, chunk, { bytes: hundredMegabytes });
  },
  "sends 100 MB in one event": (_call, response) => {
    response.writeHead(200, eventStream).write('data: {"jsonrpc":"2.0","method":"x');
    pour(response, chunk, { bytes: hundredMegabytes });
  },
  "sends 100 MB in many events": (_call, response) => {
    response.writeHead(200, eventStream);
    pour(response, `: ${kilobyte}\n\n`.repeat(64), { bytes: hundredMegabytes });
  },
  "sends something other than JSON": (_call, response) => {
    response.writeHead(200, json).end("It did not work.");
  },
  "sends JSON that is no message": (call, response) => {
    sendJson(response, 200, { answer: 42, id: call.id });
  },
  "sends a message without a result": (call, response) => {
    sendJson(response, 200, { jsonrpc: "2.0", id: call.id });
  },
  "sends an event that is no message": (_call, response) => {
    response.writeHead(200, eventStream).end("data: 42\n\n");
  },
  "answers someone else's id": (call, response) => {
    sendResult({ ...call, id: 4_711 }, response, { content: [] });
  },
  "answers someone else's id in its stream": (_call, response) => {
    const message = { jsonrpc: "2.0", id: 4_711, result: { content: [] } };
    response.writeHead(200, eventStream).write(`data: ${JSON.stringify(message)}\n\n`);
  },
  "closes without an answer": (_call, response) => void response.destroy(),
  "closes in the middle of its result": (_call, response) => {
    response.writeHead(200, { ...json, "content-length": "1000" });
    response.write('{"jsonrpc":"2.0","id":', () => response.destroy());
  },
  "closes in the middle of its stream": (_call, response) => {
    response.writeHead(200, eventStream).write(": working\n\ndata: {", () => response.destroy());
  },
  "ends its stream without an answer": (_call, response) => {
    response.writeHead(200, eventStream).end(": done\n\n");
  },
  "nests its result too deeply": (call, response) => {
    response.writeHead(200, json);
    const result = `{"resultType":"complete","content":[],"structuredContent":{"a":${nest(50_000)}}}`;
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":${result}}`);
  },
} satisfies Record<string, Fault>;
