import { getOperationAST } from "graphql";

import type { LiveResult } from "#graphql/live/shared-results.ts";
import type { LiveResults } from "#graphql/live/subscriber.ts";
import { exposeResult } from "./graphql-errors.ts";
import type { GraphQLHandler, OperationParams, RequestContext } from "./graphql-handler.ts";

export interface GraphQLStreamsDeps {
  graphql: GraphQLHandler;
  pingIntervalMs: number;
}

/**
 * Responds to a POST that accepts server-sent events. A valid subscription is handled like one over
 * WebSocket, so that subscribers share executions and serialized results. Yoga handles everything
 * else, and rejects invalid requests.
 */
export async function answerEventStream(
  deps: GraphQLStreamsDeps,
  request: Request,
  context: RequestContext,
): Promise<Response> {
  const { graphql } = deps;
  const body = await request.text();
  const { url, headers, signal } = request;
  const again = new Request(url, { method: "POST", headers, body, signal });
  const params = readParams(body);
  const document = params && parseSubscription(graphql, again, params, context);
  if (!params || !document) return graphql.fetch(again, context);
  const { operationName, variables } = params;
  // Each event has its own context, so that no context is kept for as long as the stream is open.
  const { viewer, requestId } = context;
  const results = await graphql.subscribe(
    {
      document,
      operationName: operationName ?? null,
      ...(variables === undefined ? {} : { variables }),
    },
    { viewer, requestId },
  );
  const stream = Symbol.asyncIterator in results ? results : yieldOne({ result: results });
  return new Response(writeEvents(stream, deps.pingIntervalMs, requestId), {
    headers: {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-cache",
      // Some proxies would buffer messages to compress them.
      "Content-Encoding": "none",
      Connection: "keep-alive",
    },
  });
}

/** Null if the body is left to Yoga. */
function readParams(body: string): OperationParams | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { query, operationName, variables, ...rest } = value;
  if (typeof query !== "string" || Object.keys(rest).some((name) => name !== "extensions"))
    return null;
  if (operationName != null && typeof operationName !== "string") return null;
  if (variables != null && !isObject(variables)) return null;
  return {
    query,
    ...(operationName == null ? {} : { operationName }),
    ...(variables == null ? {} : { variables }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The document of a valid subscription, otherwise null. */
function parseSubscription(
  graphql: GraphQLHandler,
  request: Request,
  params: OperationParams,
  context: RequestContext,
) {
  const { schema, parse, validate } = graphql.getEnveloped({ ...context, request, params });
  try {
    const document = parse(params.query);
    const operation = getOperationAST(document, params.operationName);
    const isValid =
      operation?.operation === "subscription" && validate(schema, document).length === 0;
    return isValid ? document : null;
  } catch {
    return null;
  }
}

async function* yieldOne(live: LiveResult): LiveResults {
  yield live;
  return undefined;
}

/** GraphQL over SSE, distinct connections mode: `next` for each result, then `complete`. */
function writeEvents(
  results: LiveResults,
  pingIntervalMs: number,
  requestId: string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pings: NodeJS.Timeout | undefined;
  return new ReadableStream({
    start(controller) {
      // Sent immediately, so that proxies and browsers pass on the headers.
      const ping = () => controller.enqueue(encoder.encode(":\n\n"));
      ping();
      pings = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) ping();
      }, pingIntervalMs).unref();
    },
    async pull(controller) {
      try {
        const step = await results.next();
        if (!step.done) {
          const { value: live } = step;
          live.text ??= JSON.stringify(exposeResult(live.result, requestId));
          controller.enqueue(encoder.encode(`event: next\ndata: ${live.text}\n\n`));
          return;
        }
        clearInterval(pings);
        controller.enqueue(encoder.encode("event: complete\ndata:\n\n"));
        controller.close();
      } catch (error) {
        clearInterval(pings);
        throw error;
      }
    },
    async cancel() {
      clearInterval(pings);
      await results.return?.();
    },
  });
}
