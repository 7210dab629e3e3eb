import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";

import type { LiveOperation, LiveResults } from "#graphql/live/subscriber.ts";
import type { Viewer } from "./viewer-identity.ts";

/** The context of every GraphQL operation, independent of the transport. */
export interface RequestContext {
  viewer: Viewer | null;
  /** Used in `x-request-id`, in the log and in `extensions.requestId`. */
  requestId: string;
  /** Reports when the response has ended; absent for the events of subscriptions. */
  lifetime?: { onClose(listener: (wasSent: boolean) => void): void };
  /** The client address for rate limits. Absent over WebSocket, where every caller is signed in. */
  address?: string;
}

export interface OperationParams {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
}

export type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

/** The parts of Yoga that are used, and `subscribe`. */
export interface GraphQLHandler {
  fetch(request: Request, context: RequestContext): Response | Promise<Response>;
  /** Parses and validates with all plugins applied. */
  getEnveloped(context: RequestContext & { request: Request; params: OperationParams }): {
    schema: GraphQLSchema;
    parse: (source: string) => DocumentNode;
    validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  };
  /**
   * Runs an operation like `fetch` and returns its result, with the same context, plugins and
   * masking.
   */
  getResultForParams(
    operation: { params: OperationParams; request: Request },
    context: RequestContext,
  ): OperationResult | undefined | Promise<OperationResult | undefined>;
  /** Runs a validated subscription. Returns a result with errors if it is rejected. */
  subscribe(
    operation: LiveOperation,
    context: RequestContext,
  ): Promise<LiveResults | ExecutionResult>;
}
