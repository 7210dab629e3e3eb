/**
 * Streams that stay open as long as a session, on which a server sends notifications. Their number is limited, because each one occupies a
 * socket.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Fetch } from "#oauth/ports.ts";

export interface ServerStreams {
  /** Reserves a stream to `origin`. Returns null if the limit is reached. */
  take(origin: string): Disposable | null;
}

export function createServerStreams(limits?: {
  perProcess?: number;
  perOrigin?: number;
}): ServerStreams {
  const { perProcess = 500, perOrigin = 50 } = limits ?? {};
  const open = new Map<string, number>();
  let total = 0;
  return {
    take(origin) {
      const here = open.get(origin) ?? 0;
      if (total >= perProcess || here >= perOrigin) return null;
      total += 1;
      open.set(origin, here + 1);
      let isTaken = true;
      return {
        [Symbol.dispose]() {
          if (!isTaken) return;
          isTaken = false;
          total -= 1;
          const left = (open.get(origin) ?? 1) - 1;
          if (left === 0) open.delete(origin);
          else open.set(origin, left);
        },
      };
    },
  };
}

/** A server that closes its streams immediately would otherwise cause endless reconnects. */
const MOST_SHORT_STREAMS = 3;
const SHORT_MS = 10_000;
/** The maximum size of one event. The stream as a whole is not limited. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** The standing stream of one connection. */
export interface ServerStream {
  /** Sends the request that opens the stream, or returns 405 like a server that does not support it. */
  open(fetch: Fetch, input: string | URL, init?: RequestInit): Promise<Response>;
}

export function createServerStream(places: ServerStreams): ServerStream {
  let short = 0;
  return {
    async open(fetch, input, init) {
      const place = short < MOST_SHORT_STREAMS ? places.take(new URL(input).origin) : null;
      if (!place) return new Response(null, { status: 405 });
      const openedAtMs = performance.now();
      const end = () => {
        place[Symbol.dispose]();
        if (performance.now() - openedAtMs < SHORT_MS) short += 1;
      };
      try {
        const response = await fetch(input, init);
        if (response.ok && isEventStream(response) && response.body)
          return replaceBody(response, boundEvents(response.body, { onEnd: end }));
        end();
        return await takeShortBody(response);
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}

/** The maximum size of a response that is not a stream. A rejection is short, and no other limit applies to requests of this kind. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Returns the response with its body if the body ends soon; otherwise returns it without the body and closes the connection. */
async function takeShortBody(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  // Event streams have no time limit and are therefore not read here.
  for (let bytes = 0; reader && !isEventStream(response);) {
    const { done, value } = await reader.read();
    if (done) return new Response(Buffer.concat(chunks), { status, statusText, headers });
    bytes += value.byteLength;
    if (bytes > MAX_REFUSAL_BYTES) break;
    chunks.push(value);
  }
  reader?.cancel().catch(() => undefined);
  return new Response(null, { status, statusText, headers });
}

interface Standing {
  stream: ServerStream;
  method: "GET" | "POST";
}

const standing = new AsyncLocalStorage<Standing>();

/** Runs `call` so that HTTP requests with `method` which it causes, now or later, are sent as the standing stream. */
export function runOnServerStream<T>(
  stream: ServerStream,
  method: Standing["method"],
  call: () => T,
): T {
  return standing.run({ stream, method }, call);
}

/** Returns the standing stream that a request with `method` belongs to, if any. */
export function currentServerStream(method: string | undefined): ServerStream | undefined {
  const current = standing.getStore();
  return current?.method === method ? current?.stream : undefined;
}

export function isEventStream(response: Response): boolean {
  return /^text\/event-stream *(;|$)/i.test(response.headers.get("content-type") ?? "");
}

/**
 * Forwards an event stream as long as none of its events exceeds `maxEventBytes` (S10), because a parser buffers each event until it is
 * complete. `onEnd` is called once, regardless of how the stream ends.
 */
export function boundEvents(
  body: ReadableStream<Uint8Array>,
  options?: { maxEventBytes?: number; onEnd?: () => void },
): ReadableStream<Uint8Array> {
  const { maxEventBytes = MAX_EVENT_BYTES } = options ?? {};
  const reader = body.getReader();
  let eventBytes = 0;
  let isEnded = false;
  const end = () => {
    if (!isEnded) options?.onEnd?.();
    isEnded = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            end();
            return controller.close();
          }
          eventBytes = countOpenEvent(eventBytes, value);
          if (eventBytes > maxEventBytes) {
            await reader.cancel().catch(() => undefined);
            throw new EventTooLargeError(maxEventBytes);
          }
          controller.enqueue(value);
        } catch (error) {
          end();
          throw error;
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

class EventTooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`An event of the server's stream is larger than ${maxBytes} bytes.`);
    this.name = "EventTooLargeError";
  }
}

const LF = 10;
const CR = 13;

/**
 * Counts the bytes since the last empty line, which ends an event. A line break at a chunk boundary may be missed, but not the following
 * one.
 */
function countOpenEvent(before: number, chunk: Uint8Array): number {
  for (let i = chunk.length - 1; i > 0; i -= 1) {
    const byte = chunk[i];
    if (byte !== LF && byte !== CR) continue;
    const previous = chunk[i - 1];
    const isEmptyLine =
      previous === byte || (byte === LF && previous === CR && chunk[i - 2] === LF);
    if (isEmptyLine) return chunk.length - 1 - i;
  }
  return before + chunk.length;
}

export function replaceBody(
  { status, statusText, headers }: Response,
  body: ReadableStream<Uint8Array>,
): Response {
  return new Response(body, { status, statusText, headers });
}
