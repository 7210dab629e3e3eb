import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";

import type { LiveOperation, LiveResults } from "#graphql/live/subscriber.ts";
import type { Viewer } from "./viewer-identity.ts";

/** What every GraphQL operation is given, over whichever transport it came. */
export interface RequestContext {
  viewer: Viewer | null;
  /** In `x-request-id`, in the log and in `extensions.requestId`. */
  requestId: string;
  /** When the response is over; absent for the events of subscriptions. */
  lifetime?: { onClose(listener: (wasSent: boolean) => void): void };
  /** Where the request comes from, for limits. Absent over WebSocket, where every caller is signed in. */
  address?: string;
}

export interface OperationParams {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
}

export type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

/** What is needed of Yoga, and `subscribe` beside it. */
export interface GraphQLHandler {
  fetch(request: Request, context: RequestContext): Response | Promise<Response>;
  /** Parsing and validation with all plugins applied. */
  getEnveloped(context: RequestContext & { request: Request; params: OperationParams }): {
    schema: GraphQLSchema;
    parse: (source: string) => DocumentNode;
    validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  };
  /** Runs an operation as `fetch` does, up to its result: with the same context, plugins and masking. */
  getResultForParams(
    operation: { params: OperationParams; request: Request },
    context: RequestContext,
  ): OperationResult | undefined | Promise<OperationResult | undefined>;
  /** Runs a subscription that has been validated. Answers a result with errors when it is refused. */
  subscribe(
    operation: LiveOperation,
    context: RequestContext,
  ): Promise<LiveResults | ExecutionResult>;
}
