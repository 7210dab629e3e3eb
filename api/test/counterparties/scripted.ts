import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

/** One JSON-RPC message as it came, with the HTTP request around it. */
export interface ScriptedCall {
  http: string;
  headers: IncomingMessage["headers"];
  id: string | number | undefined;
  method: string | undefined;
  params: Record<string, unknown>;
}

type Answer = (call: ScriptedCall, response: ServerResponse) => void | Promise<void>;

export interface ScriptedCounterparty extends Counterparty {
  /** Everything that came, in order. */
  calls: ScriptedCall[];
  /** Answers to requests of the server's own among it. */
  answers: { id: unknown; result?: unknown; error?: unknown }[];
}

/** A server that does exactly what the test says: `answer` gets every request. */
export async function startScripted(answer: Answer): Promise<ScriptedCounterparty> {
  const calls: ScriptedCall[] = [];
  const answers: ScriptedCounterparty["answers"] = [];
  const counterparty = await listenOnLoopback(async (request, response) => {
    const body = await text(request);
    const message = body === "" ? {} : JSON.parse(body);
    const { id, method, params = {} } = message;
    const call = { http: request.method ?? "", headers: request.headers, id, method, params };
    calls.push(call);
    if (method === undefined && id !== undefined) answers.push(message);
    await answer(call, response);
  });
  return { ...counterparty, calls, answers };
}

/** A legacy server without sessions whose tools are up to the test: `answer` gets all but the handshake. */
export function startScriptedLegacy(answer: Answer): Promise<ScriptedCounterparty> {
  return startScripted(async (call, response) => {
    if (call.method === "server/discover") {
      sendError(call, response, { code: -32_601, message: "Method not found" });
    } else if (call.method === "initialize") {
      const serverInfo = { name: "scripted", version: "0.0.0" };
      const capabilities = { tools: {} };
      sendResult(call, response, { protocolVersion: "2025-06-18", capabilities, serverInfo });
    } else if (call.method === "notifications/initialized") {
      response.writeHead(202).end();
    } else {
      await answer(call, response);
    }
  });
}

/** A server of the 2026-07-28 revision whose results are up to the test: `answer` gets all but the discovery. */
export function startScriptedModern(
  answer: (call: ScriptedCall) => object,
): Promise<ScriptedCounterparty> {
  return startScripted((call, response) => {
    const discovery = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
    const result = call.method === "server/discover" ? discovery : answer(call);
    sendResult(call, response, { resultType: "complete", ...result });
  });
}

export function sendResult(call: ScriptedCall, response: ServerResponse, result: unknown): void {
  sendJson(response, 200, { jsonrpc: "2.0", id: call.id, result });
}

export function sendError(
  call: ScriptedCall,
  response: ServerResponse,
  error: { code: number; message: string },
): void {
  sendJson(response, 200, { jsonrpc: "2.0", id: call.id, error });
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
