/** Extends the SDK's transport for HTTP+SSE servers (MCP 2024-11-05) with typed errors, limits, cancellation and orderly closing. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SSEClientTransport,
  SseError,
} from "@modelcontextprotocol/client";
import type { JSONRPCMessage, Transport, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Fetch } from "#oauth/ports.ts";
import { normalizeEvents } from "../repair/normalize-events.ts";
import { boundEvents, isEventStream, replaceBody } from "./server-stream.ts";

/** Passes the abort signal of a message to the fetch call that sends it, because the SDK's `send` does not accept one. */
const sending = new AsyncLocalStorage<AbortSignal | undefined>();

export class SseTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  /** HTTP+SSE has no session ID: a message of an unknown session is recognized by its status alone. */
  readonly sessionId = undefined;

  readonly #inner: SSEClientTransport;
  /** The reason that the stream could not be opened or broke off. The SDK keeps only a message. */
  #failure: unknown;
  #protocolVersion: string | undefined;
  #isClosed = false;
  /** Stops waiting for the stream's first event, which the SDK would continue even after `close`. */
  #giveUpStart: ((reason: Error) => void) | undefined;

  /**
   * @param openStream sends the request for the server's stream. Messages are sent with `fetch` to the URL that the stream announces, which
   * the SDK accepts only on the same origin.
   */
  constructor(url: URL, { fetch, openStream }: { fetch: Fetch; openStream: Fetch }) {
    this.#inner = new SSEClientTransport(url, {
      fetch: (input, init) => postMessage(fetch, input, init),
      eventSourceInit: { fetch: (input, init) => this.#openStream(openStream, input, init) },
    });
    this.#inner.onclose = () => this.#tellClosed();
    this.#inner.onmessage = (message) => this.onmessage?.(message);
    this.#inner.onerror = (error) => {
      this.onerror?.(error);
      // The session ends with its stream, and reconnecting, as the SDK's event source does, would not restore it. Closed in a microtask,
      // because the event source sets its timer after this call.
      if (SseError.isInstance(error)) queueMicrotask(() => void this.close());
    };
  }

  get protocolVersion(): string | undefined {
    return this.#protocolVersion;
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#inner.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    const closed = new Promise<never>((_, reject) => {
      this.#giveUpStart = reject;
    });
    try {
      await Promise.race([this.#inner.start(), closed]);
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#giveUpStart = undefined;
    }
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return sending.run(options?.requestSignal, () => this.#inner.send(message));
  }

  async close(): Promise<void> {
    if (!this.#isClosed) await this.#inner.close();
  }

  #tellClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#giveUpStart?.(new SdkError(SdkErrorCode.ConnectionClosed, "Closed before it was open"));
    this.onclose?.();
  }

  async #openStream(openStream: Fetch, input: string | URL, init: RequestInit): Promise<Response> {
    try {
      const response = await openStream(input, init);
      if (response.status === 200 && isEventStream(response) && response.body)
        return replaceBody(response, normalizeEvents(boundEvents(response.body), undefined));
      await response.body?.cancel().catch(() => undefined);
      throw response.ok ? describeContent(response) : describeStatus(response, null);
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }
}

/** Detects rejections by type, because the SDK includes the status only in the message (S9). */
async function postMessage(
  fetch: Fetch,
  input: string | URL,
  init: RequestInit | undefined,
): Promise<Response> {
  const own = sending.getStore();
  const signals = [init?.signal, own].filter((signal) => signal !== undefined && signal !== null);
  const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  if (response.ok || isRedirect(response)) return response;
  throw describeStatus(response, await response.text().catch(() => null));
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400;
}

function describeStatus({ status, statusText }: Response, text: string | null): SdkHttpError {
  const data = { status, statusText, ...(text === null ? {} : { text }) };
  return new SdkHttpError(
    SdkErrorCode.ClientHttpNotImplemented,
    "The server refused a message.",
    data,
  );
}

function describeContent(response: Response): SdkError {
  const contentType = response.headers.get("content-type");
  return new SdkError(SdkErrorCode.ClientHttpUnexpectedContent, "The server sent no event stream", {
    contentType,
  });
}
