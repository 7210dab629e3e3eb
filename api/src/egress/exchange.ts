import type { Dispatcher } from "undici";
import { decodeBody } from "./decode.ts";
import type { Hop } from "./redirects.ts";
import type { SendWatch } from "./send-watch.ts";
import { isBlockedPort } from "./blocked-ports.ts";

/** A response as received, with its content codings already removed. */
export interface WireResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /**
   * Bytes if the complete body arrived together with the headers, as with most small bodies; null
   * if there can be no body.
   */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** Discards a body that is not needed. */
  discard(): void;
}

/**
 * Sends one request once, and resolves when the headers of its response have arrived. The stream of
 * the body does not read ahead. `fetch` would do the same with a much higher overhead.
 *
 * @throws the error of the connection, or the reason of the signal
 */
export function exchange(
  hop: Hop,
  dispatcher: Dispatcher,
  watch: SendWatch,
  signal: AbortSignal,
): Promise<WireResponse> {
  if (isBlockedPort(hop.url))
    return Promise.reject(new Error("This port is blocked for web requests."));
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const body = new IncomingBody(() => signal.removeEventListener("abort", onAbort));
  let controller: Dispatcher.DispatchController | undefined;

  function fail(error: Error): void {
    reject(error);
    body.fail(error);
  }
  function onAbort(): void {
    const error = signal.reason instanceof Error ? signal.reason : new Error("aborted");
    controller?.abort(error);
    fail(error);
  }
  signal.addEventListener("abort", onAbort, { once: true });

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) started.abort(new Error("aborted"));
      else if (!watch.begin()) started.abort(new Error("refused before sending"));
    },
    onResponseStart(started, status, headers, statusText = "") {
      // Other statuses are interim, and the response follows.
      if (status < 200) return;
      watch.answered();
      body.control = started;
      // The parser first delivers the data that it has already received.
      queueMicrotask(() => {
        try {
          const whole = buildHeaders(headers);
          const isCoded = hop.method !== "HEAD" && whole.has("content-encoding");
          const taken = isCoded ? decodeBody(body.stream(), whole) : body.take();
          const discard = () => started.abort(new Error("discarded"));
          resolve({ status, statusText, headers: whole, body: taken, discard });
        } catch (error) {
          started.abort(new Error("not understood"));
          fail(error instanceof Error ? error : new Error("not understood"));
        }
      });
    },
    onResponseData: (_controller, chunk) => body.add(chunk),
    onResponseEnd: () => body.end(),
    onResponseError: (_controller, error) => fail(error),
  };
  const { pathname, search, origin } = hop.url;
  dispatcher.dispatch(
    {
      origin,
      path: `${pathname}${search}`,
      method: hop.method,
      headers: {
        "accept-encoding": "gzip, deflate, br",
        accept: "*/*",
        ...Object.fromEntries(hop.headers),
      },
      body: hop.body,
    },
    handler,
  );
  return promise;
}

function buildHeaders(received: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (typeof value === "string") headers.append(name, value);
    else for (const one of value ?? []) headers.append(name, one);
  }
  return headers;
}

/** Received parts of a body, kept until they are read. The connection is paused in the meantime. */
class IncomingBody {
  control: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  #end: "open" | "ended" | { error: Error } = "open";
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  add(chunk: Buffer): void {
    // When a paused parser resumes, it delivers an empty chunk. Pausing it again at that point
    // would stop it permanently.
    if (chunk.byteLength === 0) return;
    // The parser reuses its memory after delivering a chunk, so the chunk is copied.
    if (!this.#reader) this.#chunks.push(Buffer.from(chunk));
    else {
      this.#reader.enqueue(new Uint8Array(chunk));
      if ((this.#reader.desiredSize ?? 0) <= 0) this.control?.pause();
    }
  }

  end(): void {
    this.#finish("ended");
    this.#reader?.close();
  }

  fail(error: Error): void {
    if (this.#end !== "open") return;
    this.#finish({ error });
    this.#reader?.error(error);
  }

  #finish(end: "ended" | { error: Error }): void {
    this.#end = end;
    this.#onEnd();
  }

  /** The complete body if it has arrived, otherwise a stream. */
  take(): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
    return this.#end === "ended" ? new Uint8Array(Buffer.concat(this.#chunks)) : this.stream();
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (reader) => {
          this.#reader = reader;
          for (const chunk of this.#chunks) reader.enqueue(new Uint8Array(chunk));
          this.#chunks = [];
          if (this.#end === "ended") reader.close();
          else if (this.#end !== "open") reader.error(this.#end.error);
          else if ((reader.desiredSize ?? 0) <= 0) this.control?.pause();
        },
        pull: () => this.control?.resume(),
        cancel: () => this.control?.abort(new Error("cancelled")),
      },
      { highWaterMark: 0 },
    );
  }
}
