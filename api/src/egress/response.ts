import type { Response as UndiciResponse } from "undici";
import type { Deadlines } from "./deadlines.ts";
import { EgressError } from "./egress-error.ts";
import type { EgressLimits } from "./egress-limits.ts";

/** Statuses whose Response cannot have a body (Fetch standard §2.2.3, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes the platform's own Response of undici's, with its body guarded: the MCP SDK tells responses
 * by `instanceof`, and the class of the undici package is not the global one.
 *
 * @param explain turns whatever reading the body failed with into the error for the reader
 * @throws {EgressError} RESPONSE_INVALID when the status is none of HTTP's
 */
export function wrapResponse(
  source: UndiciResponse,
  target: { url: URL; redirected: boolean },
  deadlines: Deadlines,
  limits: EgressLimits,
  explain: (error: unknown) => unknown,
): Response {
  const { status, statusText } = source;
  const { host, href, hash } = target.url;
  if (status > 599) {
    throw new EgressError("RESPONSE_INVALID", `${host} answered with the status ${status}.`);
  }
  const headers = new Headers([...source.headers]);
  const stream = source.body as ReadableStream<Uint8Array> | null;
  const hasBody = stream !== null && !NULL_BODY_STATUSES.has(status);
  if (!hasBody) deadlines.end();
  else if (limits.longEventStreams && isEventStream(headers)) deadlines.lift();
  const body = hasBody
    ? guardBody(stream, { deadlines, maxBytes: limits.maxResponseBytes, host }, explain)
    : null;
  return Object.defineProperties(new Response(body, { status, statusText, headers }), {
    url: { value: hash === "" ? href : href.slice(0, -hash.length) },
    redirected: { value: target.redirected },
  });
}

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream *(;|$)/i.test(headers.get("content-type") ?? "");
}

/**
 * Passes a decoded body on while counting its bytes and timing the other end. Nothing is read ahead,
 * so a slow reader is never mistaken for a slow server.
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
