import type { Deadlines } from "./deadlines.ts";
import { EgressError } from "./egress-error.ts";
import type { EgressLimits } from "./egress-limits.ts";
import type { WireResponse } from "./exchange.ts";

/** Statuses whose Response cannot have a body (Fetch standard §2.2.3, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Creates a Response of the platform, because the MCP SDK checks for it with `instanceof`. Its body
 * is guarded.
 *
 * @param explain converts an error from reading the body into the error for the reader
 * @throws {EgressError} RESPONSE_INVALID if the status is not an HTTP status
 */
export function wrapResponse(
  source: WireResponse,
  target: { url: URL; redirected: boolean },
  deadlines: Deadlines,
  limits: EgressLimits,
  explain: (error: unknown) => unknown,
): Response {
  const { status, statusText, headers } = source;
  const { host, href, hash } = target.url;
  if (status > 599) {
    throw new EgressError("RESPONSE_INVALID", `${host} responded with the status ${status}.`);
  }
  const body = NULL_BODY_STATUSES.has(status) ? null : source.body;
  // A body that arrives anyway (RFC 9110 §15.3.6 forbids it for 205) would block its connection,
  // because it is never read.
  if (body === null && source.body instanceof ReadableStream) source.discard();
  const isWhole = body instanceof Uint8Array && body.byteLength <= limits.maxResponseBytes;
  if (body === null || isWhole) deadlines.end();
  else if (limits.longEventStreams && isEventStream(headers)) deadlines.lift();
  const guarded =
    body === null || isWhole
      ? body
      : guardBody(toStream(body), { deadlines, maxBytes: limits.maxResponseBytes, host }, explain);
  return Object.defineProperties(new Response(guarded, { status, statusText, headers }), {
    url: { value: hash === "" ? href : href.slice(0, -hash.length) },
    redirected: { value: target.redirected },
  });
}

function toStream(body: Uint8Array | ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (!(body instanceof Uint8Array)) return body;
  return new ReadableStream({
    start(out) {
      out.enqueue(body);
      out.close();
    },
  });
}

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream *(;|$)/i.test(headers.get("content-type") ?? "");
}

/**
 * Passes on a decoded body while counting its bytes and timing the server. It does not read ahead,
 * so that a slow reader is never mistaken for a slow server.
 */
function guardBody(
  source: ReadableStream<Uint8Array>,
  { deadlines, maxBytes, host }: { deadlines: Deadlines; maxBytes: number; host: string },
  explain: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let received = 0;

  const readChunk = async () => {
    deadlines.enter("sending the body");
    const { done, value } = await reader.read().finally(() => deadlines.leave());
    if (done) return null;
    received += value.byteLength;
    if (received > maxBytes) {
      const message = `The response of ${host} is larger than ${maxBytes} bytes.`;
      throw new EgressError("RESPONSE_TOO_LARGE", message);
    }
    return value;
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(out) {
        try {
          const chunk = await readChunk();
          if (chunk) {
            out.enqueue(chunk);
          } else {
            deadlines.end();
            out.close();
          }
        } catch (error) {
          const failure = explain(error);
          deadlines.abandon();
          throw failure;
        }
      },
      async cancel(reason) {
        deadlines.end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
