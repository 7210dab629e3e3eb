/** The SDK's Streamable HTTP transport with what it lacks: real cancellation, streams that end without an answer, tolerant results. */
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type {
  JSONRPCMessage,
  RequestId,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import type { Fetch } from "../oauth/ports.ts";
import { eraOf } from "./era-cache.ts";
import { STREAM_ENDED } from "./errors.ts";
import { mendResult } from "./mend.ts";
import { currentTrace, leaveTrace } from "./request-trace.ts";
import type { RequestTrace } from "./request-trace.ts";

/** Ending a session and telling of a cancellation are courtesies: nobody waits longer for them. */
const COURTESY_TIMEOUT_MS = 3_000;

interface PendingRequest {
  method: string;
  abort: AbortController;
  trace: RequestTrace | undefined;
}

export class McpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly hasPerRequestStream = true;

  readonly #url: URL;
  readonly #fetch: Fetch;
  readonly #inner: StreamableHTTPClientTransport;
  readonly #pending = new Map<RequestId, PendingRequest>();
  readonly #cancellations = new Set<Promise<unknown>>();
  #hasAnswered = false;
  #closing: Promise<void> | undefined;

  constructor(url: string, fetch: Fetch) {
    this.#url = new URL(url);
    this.#fetch = fetch;
    this.#inner = new StreamableHTTPClientTransport(this.#url, { fetch: adaptFetch(fetch) });
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onmessage = (message) => this.#receive(message);
  }

  /** True once a JSON-RPC result came: the server speaks the era that was chosen for it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  get sessionId(): string | undefined {
    return this.#inner.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion(version);
  }

  start(): Promise<void> {
    return this.#inner.start();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (isJSONRPCRequest(message)) return this.#sendRequest(message.id, message, options);
    const cancelled = readCancelledId(message);
    if (cancelled === undefined) return this.#inner.send(message, options);
    return this.#cancel(cancelled, message);
  }

  /** Drops all connections at once, so that whoever waits is told; `close` still ends the session at the server. */
  abandon(): void {
    void this.#inner.close();
  }

  /** Ends the session at the server, best effort (D4), and closes. Idempotent; takes a few seconds at most and never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#cancellations);
    await this.#inner.close();
    for (const request of this.#pending.values()) request.abort.abort();
    this.#pending.clear();
    await this.#endSession().catch(() => undefined);
  }

  async #endSession(): Promise<void> {
    const { sessionId, protocolVersion } = this.#inner;
    if (sessionId === undefined) return;
    const headers = new Headers({ "mcp-session-id": sessionId });
    if (protocolVersion !== undefined) headers.set("mcp-protocol-version", protocolVersion);
    const signal = AbortSignal.timeout(COURTESY_TIMEOUT_MS);
    const init: RequestInit = { method: "DELETE", headers, redirect: "manual", signal };
    const response = await leaveTrace(() => this.#fetch(this.#url, init));
    await response.body?.cancel();
  }

  async #sendRequest(
    id: RequestId,
    message: JSONRPCMessage & { method: string },
    options: TransportSendOptions | undefined,
  ): Promise<void> {
    const abort = new AbortController();
    this.#pending.set(id, { method: message.method, abort, trace: currentTrace() });
    const signals = options?.requestSignal ? [options.requestSignal, abort.signal] : [abort.signal];
    try {
      await this.#inner.send(message, {
        ...options,
        requestSignal: AbortSignal.any(signals),
        onRequestStreamEnd: () => this.#failUnanswered(id),
      });
    } catch (error) {
      this.#pending.delete(id);
      throw error;
    }
  }

  /** The SDK would leave the caller waiting for its timeout when a response stream ends early. */
  #failUnanswered(id: RequestId): void {
    if (!this.#pending.delete(id)) return;
    const error = { code: -32_000, message: "Stream ended", data: STREAM_ENDED };
    this.onmessage?.({ jsonrpc: "2.0", id, error });
  }

  #receive(message: JSONRPCMessage): void {
    if (isJSONRPCResultResponse(message)) {
      const request = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      this.#hasAnswered = true;
      if (request?.trace) request.trace.answered = true;
      const result = request
        ? mendResult(request.method, message.result, eraOf(this.#inner.protocolVersion))
        : message.result;
      this.onmessage?.({ ...message, result });
      return;
    }
    if (isJSONRPCErrorResponse(message) && message.id !== undefined) {
      this.#pending.delete(message.id);
    }
    this.onmessage?.(message);
  }

  /**
   * Legacy servers learn of a cancellation by notification (S7). The request is aborted first: one that still waits for
   * credentials must not go out any more, and then there is nothing to tell the server either.
   */
  async #cancel(id: RequestId, notification: JSONRPCMessage): Promise<void> {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    request?.abort.abort();
    if (request?.trace?.sent === false) return;
    const requestSignal = AbortSignal.timeout(COURTESY_TIMEOUT_MS);
    const telling = leaveTrace(() => this.#inner.send(notification, { requestSignal }));
    this.#cancellations.add(telling);
    try {
      await telling;
    } finally {
      this.#cancellations.delete(telling);
    }
  }
}

/**
 * Sessions last for one use, so the legacy era's standing GET stream is not opened; resuming a response stream is let through.
 * A traced call learns why its event stream broke off.
 */
function adaptFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const isListening = init?.method === "GET" && !new Headers(init.headers).has("last-event-id");
    if (isListening) return new Response(null, { status: 405 });
    const response = await fetch(input, init);
    const trace = currentTrace();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    return trace && isStream && response.body
      ? watchStream(response, response.body, trace)
      : response;
  };
}

function watchStream(
  { status, statusText, headers }: Response,
  body: ReadableStream<Uint8Array>,
  trace: RequestTrace,
): Response {
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        trace.streamFailure = error;
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(watched, { status, statusText, headers });
}

function readCancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const id = message.params?.["requestId"];
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}
