/**
 * Extends the SDK's transports with cancellation at the server, detection of streams that end without a response and of lost sessions, and
 * tolerant parsing of results.
 */
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  ProtocolErrorCode,
  SdkHttpError,
} from "@modelcontextprotocol/client";
import type {
  JSONRPCMessage,
  RequestId,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import type { Fetch } from "#oauth/ports.ts";
import { eraOf } from "../protocol-era.ts";
import { FOREIGN_ANSWER, isAnswered, SESSION_LOST, STREAM_ENDED } from "./classify-error.ts";
import { currentExchange, runExchange } from "./exchange.ts";
import { normalizeResult } from "../repair/normalize-result.ts";
import { isElicitation, isInitialized, readCancelledId } from "./message-kinds.ts";
import { LegacyElicitation } from "../elicitation/legacy-elicitation.ts";
import { currentTrace, leaveTrace, runOutsideCalls } from "./request-trace.ts";
import { PendingRequests } from "./pending-requests.ts";
import { judgeError, SessionLostError } from "./session-lost.ts";
import {
  COURTESY_TIMEOUT_MS,
  endSession,
  explainRejection,
  isSessionAlive,
} from "./session-requests.ts";
import type { SessionEndpoint } from "./session-requests.ts";
import { runOnServerStream } from "./server-stream.ts";
import type { ServerStream } from "./server-stream.ts";

interface Inner extends Transport {
  readonly sessionId?: string | undefined;
  readonly protocolVersion?: string | undefined;
  setProtocolVersion(version: string): void;
}

export interface McpTransportOptions {
  url: URL;
  fetch: Fetch;
  /** Null: the server stream of the legacy era is not opened. */
  standing: ServerStream | null;
  /** The timeout of `server/discover`, in milliseconds. */
  discoveryMs: number;
}

export class McpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly hasPerRequestStream: boolean;

  readonly #endpoint: SessionEndpoint;
  readonly #inner: Inner;
  readonly #standing: ServerStream | null;
  readonly #pending = new PendingRequests();
  readonly #cancellations = new Set<Promise<unknown>>();
  #results = 0;
  readonly #questions = new LegacyElicitation((message) =>
    runOutsideCalls(() => this.#inner.send(message)),
  );
  #isSessionLost = false;
  #isDiscoveryInconclusive = false;
  readonly #discoveryMs: number;
  #closing: Promise<void> | undefined;

  constructor(inner: Inner, { url, fetch, standing, discoveryMs }: McpTransportOptions) {
    this.#discoveryMs = discoveryMs;
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

  /** Whether `server/discover` had no response that shows which era the server supports. */
  get isDiscoveryInconclusive(): boolean {
    return this.#isDiscoveryInconclusive;
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
    if (isJSONRPCRequest(message))
      return message.method === "server/discover"
        ? this.#discover(message.id, message, options)
        : this.#sendRequest(message.id, message, options);
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
    this.#pending.abortAll();
    if (this.#inner.sessionId !== undefined && !this.#isSessionLost)
      await endSession(this.#endpoint).catch(() => undefined);
  }

  /**
   * Any outcome that does not prove a modern server is delivered as "method not found", upon which the SDK sends `initialize`. The SDK
   * itself gives up after a rejection, an invalid response and a timeout (regressions I4).
   */
  async #discover(
    id: RequestId,
    message: JSONRPCMessage & { method: string },
    options: TransportSendOptions | undefined,
  ): Promise<void> {
    let isLate = false;
    setTimeout(() => {
      const request = this.#pending.take(id);
      if (!request) return;
      isLate = true;
      this.#isDiscoveryInconclusive = true;
      request.abort.abort();
      this.#declineDiscovery(id);
    }, this.#discoveryMs).unref();
    try {
      await this.#sendRequest(id, message, options);
    } catch (error) {
      if (isLate) return;
      if (!isAnswered(error)) throw error;
      this.#isDiscoveryInconclusive =
        SdkHttpError.isInstance(error) && [401, 403].includes(error.status);
      this.#declineDiscovery(id);
    }
  }

  #declineDiscovery(id: RequestId): void {
    const error = { code: ProtocolErrorCode.MethodNotFound, message: "No usable answer" };
    this.onmessage?.({ jsonrpc: "2.0", id, error });
  }

  async #sendRequest(
    id: RequestId,
    message: JSONRPCMessage & { method: string },
    options: TransportSendOptions | undefined,
  ): Promise<void> {
    const abort = new AbortController();
    this.#pending.add(id, { method: message.method, abort, trace: currentTrace() });
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
      else await runExchange(id, send);
    } catch (error) {
      this.#pending.take(id);
      const isBound = sessionId !== undefined || !this.hasPerRequestStream;
      const explained = await explainRejection(
        error,
        sessionId,
        isBound,
        this.#hasWorkedSession(),
        this.#endpoint,
      );
      if (explained instanceof SessionLostError) this.#isSessionLost = true;
      throw explained;
    }
  }

  /** Fails a request that can no longer be answered. The SDK would wait for the timeout instead. */
  #fail(id: RequestId, data: symbol): void {
    const request = this.#pending.take(id);
    if (!request) return;
    this.#pending.hasUnansweredCall = true;
    if (data === FOREIGN_ANSWER) request.abort.abort();
    const error = { code: -32_000, message: "No answer", data };
    this.onmessage?.({ jsonrpc: "2.0", id, error });
  }

  #receive(message: JSONRPCMessage): void {
    const withdrawn = readCancelledId(message);
    if (withdrawn !== undefined) this.#questions.withdraw(withdrawn);
    if (isElicitation(message) && eraOf(this.#inner.protocolVersion) === "legacy") {
      void this.#questions
        .receive(message, this.#pending.findAsked(currentExchange()))
        .catch(() => undefined);
      return;
    }
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
      const asked = currentExchange();
      // An error without an ID refers to the message that it responds to.
      if (asked !== undefined && message.id === undefined)
        return this.#receive({ ...message, id: asked });
      // Calls share the connection, so a response must never be assigned to a different call.
      if (asked !== undefined && message.id !== asked) return this.#fail(asked, FOREIGN_ANSWER);
    }
    if (isJSONRPCResultResponse(message)) {
      const request = this.#pending.take(message.id);
      this.#results += 1;
      if (request?.trace) request.trace.answered = true;
      const result = request
        ? normalizeResult(request.method, message.result, eraOf(this.#inner.protocolVersion))
        : message.result;
      this.onmessage?.({ ...message, result });
      return;
    }
    if (isJSONRPCErrorResponse(message) && message.id !== undefined) {
      const verdict = this.#hasWorkedSession() ? judgeError(message.error, true) : "kept";
      if (verdict !== "kept") return void this.#checkSession(message.id, message, verdict);
      this.#pending.take(message.id);
    }
    this.onmessage?.(message);
  }

  /** Only a session that has been used can be lost. */
  #hasWorkedSession(): boolean {
    return this.#inner.sessionId !== undefined && this.#results > 1;
  }

  /** Delivers an error, unless its cause is that the server no longer knows the session (regressions I19). */
  async #checkSession(
    id: RequestId,
    message: JSONRPCMessage,
    verdict: "lost" | "doubtful",
  ): Promise<void> {
    const isLost = verdict === "lost" || !(await isSessionAlive(this.#endpoint));
    if (!isLost) {
      if (this.#pending.take(id)) this.onmessage?.(message);
      return;
    }
    this.#isSessionLost = true;
    this.#fail(id, SESSION_LOST);
  }

  /**
   * Legacy servers are notified of a cancellation (S7). The request is aborted first: if it is still waiting for credentials, it must not
   * be sent, and no notification is needed.
   */
  async #cancel(id: RequestId, notification: JSONRPCMessage): Promise<void> {
    const request = this.#pending.take(id);
    request?.abort.abort();
    if (request?.trace?.sent === false) return;
    this.#pending.hasUnansweredCall = true;
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
