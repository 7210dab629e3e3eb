/** Streams that stand as long as a session, on which a server says what nobody asked for. Bounded, for each holds a socket. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Fetch } from "#oauth/ports.ts";

export interface StandingStreams {
  /** A place for one stream to `origin`; null when there are enough. */
  take(origin: string): Disposable | null;
}

export function createStandingStreams(limits?: {
  perProcess?: number;
  perOrigin?: number;
}): StandingStreams {
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

/** A server that ends its streams as soon as they are open would otherwise keep us opening them. */
const MOST_SHORT_STREAMS = 3;
const SHORT_MS = 10_000;
/** Of one event; the whole stream has no bound. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** The standing stream of one connection. */
export interface StandingStream {
  /** Sends the request that opens it, or answers 405, as a server without such a stream does. */
  open(fetch: Fetch, input: string | URL, init?: RequestInit): Promise<Response>;
}

export function createStandingStream(places: StandingStreams): StandingStream {
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

/** Of an answer that is no stream: a refusal is a few words, and nothing else bounds what comes on a connection that is to stand. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** The answer with its body, if that ends soon; else without it, and the connection let go of. */
async function takeShortBody(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  // A stream has no deadline: it is not read at all.
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
  stream: StandingStream;
  method: "GET" | "POST";
}

const standing = new AsyncLocalStorage<Standing>();

/** Runs `call` so that the HTTP requests of `method` which follow from it, whenever they do, are sent as the standing stream. */
export function runStanding<T>(
  stream: StandingStream,
  method: Standing["method"],
  call: () => T,
): T {
  return standing.run({ stream, method }, call);
}

/** The standing stream that a request of `method` is for, if it is for one. */
export function currentStanding(method: string | undefined): StandingStream | undefined {
  const current = standing.getStore();
  return current?.method === method ? current?.stream : undefined;
}

export function isEventStream(response: Response): boolean {
  return /^text\/event-stream *(;|$)/i.test(response.headers.get("content-type") ?? "");
}

/**
 * Passes an event stream on as long as none of its events is larger than `maxEventBytes` (S10): whoever parses it holds an event
 * until it is whole. `onEnd` is called once, however it ends.
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

/** Bytes since the last empty line, which ends an event. A line break at the edge of a chunk may be missed; the next one is not. */
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
