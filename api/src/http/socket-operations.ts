import { getOperationAST, GraphQLError } from "graphql";
import type { ExecutionArgs } from "graphql";
import type { SubscribePayload } from "graphql-ws";
import type { WebSocket } from "ws";

import type { LiveResult } from "#graphql/live/shared-results.ts";
import type { LiveOperation } from "#graphql/live/subscriber.ts";
import { exposeResult, maskFailure } from "./graphql-errors.ts";
import type { GraphQLHandler, OperationResult, RequestContext } from "./graphql-handler.ts";
import { sendResults } from "./live-sending.ts";
import type { HttpLogger } from "./logger.ts";
import { createSharedLifetime, type SharedLifetime } from "./response-lifetime.ts";
import type { RunningRequests } from "./running-requests.ts";
import { toHeaders } from "./socket-credentials.ts";
import type { Credentials } from "./socket-credentials.ts";
import type { ViewerResolver } from "./viewer.ts";

/** Close codes that the web app knows (a client of graphql-ws never comes back after 4401, 4500 or 1011). */
export const CLOSE_CODES = {
  restart: 1012,
  tryLater: 1013,
  unauthenticated: 4401,
  forbidden: 4403,
} as const;

/** One connection, from upgrade to close. */
export interface Connection {
  socket: WebSocket;
  /** Resolves when there is room for the next message. */
  send(message: string): Promise<void>;
  credentials: Credentials;
  /** Request id of each operation that runs. */
  operations: Map<string, string>;
  /** The responses of queries and mutations, by operation. */
  responses: Map<string, SharedLifetime>;
  onClose: (() => void)[];
}

/** The GraphQL operations of the sockets, from the message that requests an operation to its result. */
export interface SocketOperations {
  /** Parses and validates an operation. Returns its arguments for `run`, or the errors to answer with. */
  prepare(request: OperationRequest): Promise<ExecutionArgs | readonly GraphQLError[]>;
  /** Executes a prepared operation, once. If it fails, returns a result with the masked error. */
  run(args: ExecutionArgs): Promise<OperationResult>;
  /** Called when an operation has ended. `wasSent`: whether its response was handed to the socket. */
  end(connection: Connection, id: string, wasSent: boolean): void;
}

export interface OperationRequest {
  connection: Connection;
  /** The operations that the client has not completed, by id. */
  subscriptions: object;
  /** The id of the operation, chosen by the client. */
  id: string;
  requestId: string;
  payload: SubscribePayload;
}

export interface SocketOperationsDeps {
  graphql: GraphQLHandler;
  viewers: ViewerResolver;
  publicUrl: string;
  logger: HttpLogger;
  /** True once a shutdown has begun: no further operation is accepted. */
  isClosing(): boolean;
  running: Pick<RunningRequests, "begin">;
}

type Start = () => Promise<OperationResult>;

/** graphql-ws would send the result of an operation to the one that has its id now. A promise that nothing refers to is collected. */
const neverAnswer = () => new Promise<never>(() => {});

export function createSocketOperations(deps: SocketOperationsDeps): SocketOperations {
  const prepared = new WeakMap<ExecutionArgs, Start>();

  return {
    async prepare(request) {
      const answer = await prepareOperation(deps, request);
      if (!("start" in answer)) return answer;
      prepared.set(answer.args, answer.start);
      return answer.args;
    },
    async run(args) {
      const start = prepared.get(args);
      if (!start) throw new Error("An operation runs that was never prepared.");
      // What it holds on to would be held for as long as the subscription.
      prepared.delete(args);
      try {
        return await start();
      } catch (error) {
        return { errors: [maskFailure(error, undefined, deps.logger)] };
      }
    },
    end: (connection, id, wasSent) => endOperation(deps, connection, id, wasSent),
  };
}

/** Closes the connection and tells the client to connect to another process (1012). */
export function sendElsewhere(socket: WebSocket): void {
  socket.close(CLOSE_CODES.restart, "Restart");
}

function endOperation(
  { isClosing }: Pick<SocketOperationsDeps, "isClosing">,
  { socket, operations, responses }: Connection,
  id: string,
  wasSent: boolean,
): void {
  operations.delete(id);
  responses.get(id)?.end(wasSent);
  responses.delete(id);
  if (isClosing() && responses.size === 0) sendElsewhere(socket);
}

async function prepareOperation(
  deps: SocketOperationsDeps,
  operation: OperationRequest,
): Promise<readonly GraphQLError[] | { args: ExecutionArgs; start: Start }> {
  const { graphql, viewers } = deps;
  const { connection, requestId, payload } = operation;
  const viewer = await viewers.resolveViewer(toHeaders(connection.credentials));
  if (!viewer) {
    connection.socket.close(CLOSE_CODES.unauthenticated, "Session ended");
    return [new GraphQLError("Sign in.", { extensions: { code: "UNAUTHENTICATED" } })];
  }
  const { query, operationName, variables } = payload;
  const params = {
    query,
    ...(operationName == null ? {} : { operationName }),
    ...(variables == null ? {} : { variables }),
  };
  const request = new Request(new URL("/graphql", deps.publicUrl), { method: "POST" });
  // Yoga parses and validates again when it runs the operation, out of its cache; graphql-ws must know the kind of it before.
  const { schema, parse, validate } = graphql.getEnveloped({
    viewer,
    requestId,
    request,
    params,
  });
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  const args: ExecutionArgs = { schema, document, operationName: operationName ?? null };
  const live: LiveOperation = {
    document,
    operationName: operationName ?? null,
    ...(variables == null ? {} : { variables }),
  };
  const isLive = getOperationAST(document, operationName)?.operation === "subscription";
  const context = { viewer, requestId };
  const start = isLive
    ? () => startSubscription(graphql, operation, live, context)
    : () => runRequest(deps, operation, { params, request }, context);
  return { args, start };
}

/** Executes a query or a mutation. */
async function runRequest(
  deps: SocketOperationsDeps,
  { connection, subscriptions, id, requestId }: OperationRequest,
  request: Parameters<GraphQLHandler["getResultForParams"]>[0],
  context: Pick<RequestContext, "viewer" | "requestId">,
): Promise<OperationResult> {
  const isReplaced = () => (connection.operations.get(id) ?? requestId) !== requestId;
  if (isReplaced()) return neverAnswer();
  // Until its response is handed to the socket.
  const lifetime = createSharedLifetime();
  lifetime.onClose(deps.running.begin());
  connection.responses.set(id, lifetime);
  const result = await deps.graphql.getResultForParams(request, { ...context, lifetime });
  if (isReplaced()) return neverAnswer();
  // The client has completed the operation meanwhile: nothing is sent.
  if (!(id in subscriptions)) endOperation(deps, connection, id, false);
  return result ?? {};
}

async function startSubscription(
  graphql: GraphQLHandler,
  { connection: { send }, id }: OperationRequest,
  operation: LiveOperation,
  context: RequestContext,
): Promise<OperationResult> {
  const results = await graphql.subscribe(operation, context);
  if (!(Symbol.asyncIterator in results)) return results;
  const write = (live: LiveResult) =>
    (live.text ??= JSON.stringify(exposeResult(live.result, context.requestId)));
  return sendResults(results, id, { send, write });
}
