/** What is traced of the app: requests for GraphQL, and calls of tools within. Without tracing, everything is as it was. */
import type { GraphQLHandler } from "#http/graphql-handler.ts";
import type { Executions } from "#services/tool/execute-tool.ts";
import type { Tracing } from "./tracing.ts";

export function traceRequests<Handler extends GraphQLHandler>(
  tracing: Tracing | null,
  graphql: Handler,
): GraphQLHandler {
  if (!tracing) return graphql;
  return {
    ...graphql,
    fetch: (request, context) =>
      tracing.request(
        { traceparent: request.headers.get("traceparent"), requestId: context.requestId },
        async () => graphql.fetch(request, context),
      ),
    // A subscription may last for days: what is traced of it is its beginning.
    subscribe: (operation, context) =>
      tracing.request({ traceparent: null, requestId: context.requestId }, () =>
        graphql.subscribe(operation, context),
      ),
    // One message on a WebSocket, which has no headers of its own.
    getResultForParams: (operation, context) =>
      tracing.request({ traceparent: null, requestId: context.requestId }, async () =>
        graphql.getResultForParams(operation, context),
      ),
  };
}

export function traceCalls(
  tracing: Tracing | null,
  execute: Executions["execute"],
): Executions["execute"] {
  if (!tracing) return execute;
  return (caller, input) =>
    tracing.within(
      "executeTool",
      () => execute(caller, input),
      ({ __typename }) => ({ "gatehouse.outcome": __typename }),
    );
}
