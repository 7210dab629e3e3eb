/** The fetch function for the SDK's Streamable HTTP transport. */
import type { RequestId } from "@modelcontextprotocol/client";
import type { Fetch } from "#oauth/ports.ts";
import { normalizeEvents } from "../repair/normalize-events.ts";
import { normalizeMessage } from "../repair/normalize-message.ts";
import type { CredentialedFetches } from "./credentials.ts";
import { currentExchange } from "./exchange.ts";
import { currentTrace } from "./request-trace.ts";
import { currentServerStream, isEventStream, replaceBody } from "./server-stream.ts";

/** Routes server streams separately, corrects messages, and records in the trace of a call why its event stream broke off. */
export function adaptFetch({ fetch, streamFetch }: CredentialedFetches): Fetch {
  return async (input, init) => {
    const stream = currentServerStream(init?.method);
    if (stream) return adaptStream(await stream.open(streamFetch, input, init), undefined);
    // Requests that resume a response stream are sent. The SDK's own request for the legacy server stream is not.
    if (init?.method === "GET" && !new Headers(init.headers).has("last-event-id"))
      return new Response(null, { status: 405 });
    const response = await fetch(input, init);
    if (isEventStream(response)) return adaptStream(response, currentExchange());
    const isAnswer = init?.method === "POST" && response.ok && response.status !== 202;
    return isAnswer && currentExchange() !== undefined
      ? await adaptDocument(response, currentExchange())
      : response;
  };
}

function adaptStream(response: Response, requestId: RequestId | undefined): Response {
  if (!response.body || !isEventStream(response)) return response;
  const trace = currentTrace();
  const onError = (error: unknown) => {
    if (trace) trace.streamFailure = error;
  };
  return replaceBody(response, normalizeEvents(response.body, requestId, onError));
}

/** Accepts a JSON document whatever its media type, and corrects the messages in it. */
async function adaptDocument(
  response: Response,
  requestId: RequestId | undefined,
): Promise<Response> {
  const { status, statusText } = response;
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // A document that only claims to be JSON is rejected by the SDK, as is any other.
    return new Response(text === "" ? null : text, {
      status,
      statusText,
      headers: response.headers,
    });
  }
  const headers = new Headers(response.headers);
  headers.set("content-type", "application/json");
  const adapted = new Response(null, { status, statusText, headers });
  // Avoids writing and parsing the document again.
  return Object.defineProperty(adapted, "json", {
    value: async () => normalizeMessage(document, requestId),
  });
}
