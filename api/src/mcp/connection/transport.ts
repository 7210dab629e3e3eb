/**
 * Extends the SDK's transports with cancellation at the server, detection of streams that end without a response and of lost sessions, and
 * tolerant parsing of results.
 */
import { AsyncLocalStorage } from "node:async_hooks";
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
import type { Fetch } from "#oauth/ports.ts";
import type { CredentialedFetches } from "./credentials.ts";
import { eraOf } from "../protocol-era.ts";
import { FOREIGN_ANSWER, STREAM_ENDED } from "./classify-error.ts";
import { normalizeResult } from "../repair/normalize-result.ts";
import { isElicitation, isInitialized, readCancelledId } from "./message-kinds.ts";
import { LegacyElicitation } from "../elicitation/legacy-elicitation.ts";
import type { ElicitationQueue } from "../elicitation/elicitation-queue.ts";
import { currentTrace, leaveTrace, runOutsideCalls } from "./request-trace.ts";
import type { RequestTrace } from "./request-trace.ts";
import { SessionLostError } from "./session-lost.ts";
import { COURTESY_TIMEOUT_MS, endSession, explainRejection } from "./session-requests.ts";
import type { SessionEndpoint } from "./session-requests.ts";
import { SseTransport } from "./sse-transport.ts";
import { runOnServerStream } from "./server-stream.ts";
import type { ServerStream } from "./server-stream.ts";
import { adaptFetch } from "./transport-fetch.ts";

/** The limits for the delay after which a response stream is resumed, which the server suggests. */
const RESUME_MS = { least: 100, most: 30_000 };

/** The request whose HTTP exchange is in progress. A response in that exchange belongs only to this request. */
const exchange = new AsyncLocalStorage<RequestId>();

interface PendingRequest {
  method: string;
  abort: AbortController;
  trace: RequestTrace | undefined;
}

interface Inner extends Transport {
  readonly sessionId?: string | undefined;
  readonly protocolVersion?: string | undefined;
  setProtocolVersion(version: string): void;
}

/** Streamable HTTP. Without `standing`, the standing GET stream of the legacy era is not opened. */
export function createHttpTransport(
  url: URL,
  fetches: CredentialedFetches,
  standing: ServerStream | null,
): McpTransport {
  const inner = new StreamableHTTPClientTransport(url, {
    fetch: adaptFetch(fetches),
    reconnectionScheduler(reconnect, delayMs) {
      const boundedMs = Math.min(Math.max(delayMs, RESUME_MS.least), RESUME_MS.most);
      const timer = setTimeout(reconnect, boundedMs).unref();
      return () => clearTimeout(timer);
    },
  });
  return new McpTransport(inner, { url, fetch: fetches.fetch, standing });
}

/** HTTP+SSE, for servers that support nothing newer (MCP 2024-11-05). */
export function createSseTransport(url: URL, fetches: CredentialedFetches): McpTransport {
  return new McpTransport(new SseTransport(url, fetches), {
    url,
    fetch: fetches.fetch,
    standing: null,
  });
}

export class McpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly hasPerRequestStream: boolean;

  readonly #endpoint: SessionEndpoint;
  readonly #inner: Inner;
  readonly #standing: ServerStream | null;
  readonly #pending = new Map<RequestId, PendingRequest>();
  readonly #cancellations = new Set<Promise<unknown>>();
  #results = 0;
  readonly #questions = new LegacyElicitation((message) =>
    runOutsideCalls(() => this.#inner.send(message)),
  );
  #hasUnansweredCall = false;
  #isSessionLost = false;
  #closing: Promise<void> | undefined;

  constructor(
    inner: Inner,
    { url, fetch, standing }: { url: URL; fetch: Fetch; standing: ServerStream | null },
  ) {
    this.#endpoint = { url, fetch, session: inner };
    this.#inner = inner;
    this.#standing = standing;
    this.hasPerRequestStream = inner.hasPerRequestStream === true;
    inner.onclose = () => this.onclose?.();
    inner.onerror = (error) => this.onerror?.(error);
    inner.onmessage = (message) => this.#receive(message);
  }

  /** The number of JSON-RPC results received. The first result confirms that the server supports the selected era. */
  get results(): number {
    return this.#results;
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
    if (cancelled !== undefined) return this.#cancel(cancelled, message);
    const send = () => this.#inner.send(message, options);
    // The SDK opens the standing stream itself after this message has been answered.
    return this.#standing && isInitialized(message)
      ? runOnServerStream(this.#standing, "GET", send)
      : send();
  }

  /** Drops all connections immediately, so that pending requests fail. `close` still ends the session at the server. */
  abandon(): void {
    void this.#inner.close();
  }

  /**
   * Ends the session at the server if possible (D4), and closes the transport. Idempotent, takes a few seconds at most and never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#cancellations);
    await this.#inner.close();
    for (const request of this.#pending.values()) request.abort.abort();
    this.#pending.clear();
    if (this.#inner.sessionId !== undefined && !this.#isSessionLost)
      await endSession(this.#endpoint).catch(() => undefined);
  }

  async #sendRequest(
    id: RequestId,
    message: JSONRPCMessage & { method: string },
    options: TransportSendOptions | undefined,
  ): Promise<void> {
    const abort = new AbortController();
    this.#pending.set(id, { method: message.method, abort, trace: currentTrace() });
    const signals = options?.requestSignal ? [options.requestSignal, abort.signal] : [abort.signal];
    const { sessionId } = this.#inner;
    const send = () =>
      this.#inner.send(message, {
        ...options,
        requestSignal: AbortSignal.any(signals),
        onRequestStreamEnd: () => this.#fail(id, STREAM_ENDED),
      });
    const isListening = this.#standing && message.method === "subscriptions/listen";
    try {
      // With the old transport, responses arrive on a single stream that is shared by all requests.
      if (!this.hasPerRequestStream) await send();
      else if (isListening) await runOnServerStream(this.#standing, "POST", send);
      else await exchange.run(id, send);
    } catch (error) {
      this.#pending.delete(id);
      const isBound = sessionId !== undefined || !this.hasPerRequestStream;
      const explained = await explainRejection(error, sessionId, isBound, this.#endpoint);
      if (explained instanceof SessionLostError) this.#isSessionLost = true;
      throw explained;
    }
  }

  /** Fails a request that can no longer be answered. The SDK would wait for the timeout instead. */
  #fail(id: RequestId, data: typeof STREAM_ENDED | typeof FOREIGN_ANSWER): void {
    const request = this.#pending.get(id);
    if (!this.#pending.delete(id)) return;
    this.#hasUnansweredCall = true;
    if (data === FOREIGN_ANSWER) request?.abort.abort();
    const error = { code: -32_000, message: "No answer", data };
    this.onmessage?.({ jsonrpc: "2.0", id, error });
  }

  #receive(message: JSONRPCMessage): void {
    const withdrawn = readCancelledId(message);
    if (withdrawn !== undefined) this.#questions.withdraw(withdrawn);
    if (isElicitation(message) && eraOf(this.#inner.protocolVersion) === "legacy") {
      void this.#questions.receive(message, this.#findAsked()).catch(() => undefined);
      return;
    }
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
      const asked = exchange.getStore();
      // An error without an ID refers to the message that it responds to.
      if (asked !== undefined && message.id === undefined)
        return this.#receive({ ...message, id: asked });
      // Calls share the connection, so a response must never be assigned to a different call.
      if (asked !== undefined && message.id !== asked) return this.#fail(asked, FOREIGN_ANSWER);
    }
    if (isJSONRPCResultResponse(message)) {
      const request = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      this.#results += 1;
      if (request?.trace) request.trace.answered = true;
      const result = request
        ? normalizeResult(request.method, message.result, eraOf(this.#inner.protocolVersion))
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
   * Returns the handler for an elicitation: that of the call in whose exchange it arrived. On a stream that does not belong to a call, it
   * is that of the only active call, provided that all earlier calls were answered; an abandoned call may still be asking.
   */
  #findAsked(): ElicitationQueue | undefined {
    const asking = exchange.getStore();
    if (asking !== undefined) return this.#pending.get(asking)?.trace?.questions;
    const calls = [...this.#pending.values()].filter(({ method }) => method === "tools/call");
    return calls.length === 1 && !this.#hasUnansweredCall ? calls[0]?.trace?.questions : undefined;
  }

  /**
   * Legacy servers are notified of a cancellation (S7). The request is aborted first: if it is still waiting for credentials, it must not
   * be sent, and no notification is needed.
   */
  async #cancel(id: RequestId, notification: JSONRPCMessage): Promise<void> {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    request?.abort.abort();
    if (request?.trace?.sent === false) return;
    this.#hasUnansweredCall = true;
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
