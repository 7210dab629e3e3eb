/** The fetch function for the SDK's Streamable HTTP transport. */
import type { Fetch } from "#oauth/ports.ts";
import type { CredentialedFetches } from "./credentials.ts";
import { currentTrace } from "./request-trace.ts";
import type { RequestTrace } from "./request-trace.ts";
import { currentServerStream, isEventStream, replaceBody } from "./server-stream.ts";

/** Routes standing streams separately, and records in the trace of a call why its event stream broke off. */
export function adaptFetch({ fetch, streamFetch }: CredentialedFetches): Fetch {
  return async (input, init) => {
    const stream = currentServerStream(init?.method);
    if (stream) return stream.open(streamFetch, input, init);
    // Requests that resume a response stream are sent. The SDK's own request for the legacy standing stream is not.
    if (init?.method === "GET" && !new Headers(init.headers).has("last-event-id"))
      return new Response(null, { status: 405 });
    const response = await fetch(input, init);
    const trace = currentTrace();
    return trace && response.body && isEventStream(response)
      ? replaceBody(response, watchStream(response.body, trace))
      : response;
  };
}

function watchStream(
  body: ReadableStream<Uint8Array>,
  trace: RequestTrace,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
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
}
