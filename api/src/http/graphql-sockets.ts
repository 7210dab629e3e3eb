import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import { getOperationAST, GraphQLError } from "graphql";
import type { ExecutionArgs } from "graphql";
import { handleProtocols, makeServer } from "graphql-ws";
import type { SubscribePayload } from "graphql-ws";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

import type { LiveResult } from "#graphql/live/shared-results.ts";
import type { LiveOperation } from "#graphql/live/subscriber.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import { exposeError, exposeResult, maskFailure } from "./graphql-errors.ts";
import type { GraphQLHandler, OperationResult, RequestContext } from "./graphql-handler.ts";
import { sendResults } from "./live-sending.ts";
import type { HttpLogger } from "./logger.ts";
import { createSharedLifetime, type SharedLifetime } from "./response-lifetime.ts";
import { pickCredentials, readAuthorization, toHeaders } from "./socket-credentials.ts";
import type { Credentials } from "./socket-credentials.ts";
import { keepAlive } from "./socket-keep-alive.ts";
import { send, waitForClose } from "./socket-send.ts";
import { CLOSING_MESSAGE, CLOSING_RETRY_AFTER_MS } from "./refuse-while-closing.ts";
import type { RunningRequests } from "./running-requests.ts";
import type { ViewerResolver } from "./viewer.ts";

/** Close codes that the web app knows (a client of graphql-ws never comes back after 4401, 4500 or 1011). */
const CLOSE_CODES = {
  restart: 1012,
  tryLater: 1013,
  unauthenticated: 4401,
  forbidden: 4403,
} as const;

/** A guess: a place is free when another subscription ends. */
const RETRY_AFTER_MS = 5_000;

export interface GraphQLSocketsDeps {
  graphql: GraphQLHandler;
  viewers: ViewerResolver;
  publicUrl: string;
  logger: HttpLogger;
  newRequestId: () => string;
  socketLimit: ConnectionLimit;
  /** True once a shutdown has begun: no further operation is accepted. */
  isClosing(): boolean;
  running: Pick<RunningRequests, "begin">;
  maxSubscriptionsPerSocket: number;
  maxMessageBytes: number;
  pingIntervalMs: number;
  /** A message that the client has not taken after so long ends the connection. */
  slowConsumerMs: number;
}

export interface GraphQLSockets {
  /** Takes over a connection whose `Host`, `Origin` and path have been checked. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells clients to continue elsewhere (1012): at once, or once the queries and mutations that run on their socket are answered. */
  closeWhenAnswered(): void;
  /** Tells every client at once. */
  closeAll(): void;
  /** Drops those that did not answer. */
  terminateAll(): void;
}

/** One connection, from upgrade to close. */
interface Connection {
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

/** graphql-ws would send the result of an operation to the one that has its id now. A promise that nothing refers to is collected. */
const neverAnswer = () => new Promise<never>(() => {});

/**
 * GraphQL over WebSocket (`graphql-transport-ws`), for whoever is signed in by the cookie of the upgrade, or has an API token there or
 * in the `authorization` of `connection_init`.
 */
export function createGraphQLSockets(deps: GraphQLSocketsDeps): GraphQLSockets {
  const { graphql, viewers, logger } = deps;
  const running = new WeakMap<ExecutionArgs, () => Promise<OperationResult>>();

  const protocol = makeServer<undefined, Connection>({
    async onConnect({ extra, connectionParams }) {
      const { socket, credentials, onClose } = extra;
      // A browser's WebSocket can carry no header; a program's may.
      const sent = readAuthorization(connectionParams);
      if (sent !== undefined) credentials.authorization = sent;
      const viewer = await viewers.resolveViewer(toHeaders(credentials));
      // It has closed meanwhile: what is taken from here on would never be given back.
      if (socket.readyState !== socket.OPEN) return false;
      const giveBack = viewer && deps.socketLimit.take(viewer.userId);
      if (!viewer) socket.close(CLOSE_CODES.unauthenticated, "Unauthenticated");
      else if (!giveBack) socket.close(CLOSE_CODES.tryLater, "Too many connections");
      // False also closes with 4403, which no longer has an effect, and leaves the connection unacknowledged.
      if (!viewer || !giveBack) return false;
      const end = () => socket.close(CLOSE_CODES.unauthenticated, "Session ended");
      const forbid = () => socket.close(CLOSE_CODES.forbidden, "Forbidden");
      onClose.push(giveBack, viewers.watch(viewer, end), viewers.watchRight(viewer, forbid));
      return true;
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const requestId = deps.newRequestId();
      // The client has completed an operation that still runs, and uses its id again.
      endOperation(extra, id, false);
      extra.operations.set(id, requestId);
      if (deps.isClosing()) {
        const extensions = {
          code: "SERVICE_UNAVAILABLE",
          retryAfterMs: CLOSING_RETRY_AFTER_MS,
        };
        return [new GraphQLError(CLOSING_MESSAGE, { extensions })];
      }
      if (Object.keys(subscriptions).length > deps.maxSubscriptionsPerSocket) {
        const extensions = { code: "RATE_LIMITED", retryAfterMs: RETRY_AFTER_MS };
        return [new GraphQLError("Too many subscriptions.", { extensions })];
      }
      try {
        return await prepare(extra, subscriptions, id, requestId, payload);
      } catch (error) {
        return [maskFailure(error, requestId, logger)];
      }
    },
    execute: run,
    subscribe: run,
    onNext: ({ extra }, id, _payload, _args, result) =>
      exposeResult(result, extra.operations.get(id)),
    onError({ extra }, id, _payload, errors) {
      const requestId = extra.operations.get(id);
      endOperation(extra, id, true);
      // What throws past the last plugin is wrapped by graphql-ws, with its message.
      return errors.map((error) => exposeError(maskFailure(error, requestId, logger), requestId));
    },
    onComplete({ extra }, id) {
      endOperation(extra, id, true);
    },
  });

  const connections = new Set<Connection>();

  function endOperation(
    { socket, operations, responses }: Connection,
    id: string,
    wasSent: boolean,
  ): void {
    operations.delete(id);
    responses.get(id)?.end(wasSent);
    responses.delete(id);
    if (deps.isClosing() && responses.size === 0) sendElsewhere(socket);
  }

  const sendElsewhere = (socket: WebSocket) => socket.close(CLOSE_CODES.restart, "Restart");

  async function prepare(
    extra: Connection,
    subscriptions: object,
    id: string,
    requestId: string,
    payload: SubscribePayload,
  ) {
    const viewer = await viewers.resolveViewer(toHeaders(extra.credentials));
    if (!viewer) {
      extra.socket.close(CLOSE_CODES.unauthenticated, "Session ended");
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
    const live = {
      document,
      operationName: operationName ?? null,
      ...(variables == null ? {} : { variables }),
    };
    const isLive = getOperationAST(document, operationName)?.operation === "subscription";
    const isReplaced = () => (extra.operations.get(id) ?? requestId) !== requestId;
    const start = isLive
      ? () => startLive(extra, id, live, { viewer, requestId })
      : async () => {
          if (isReplaced()) return neverAnswer();
          // Until its response is handed to the socket.
          const lifetime = createSharedLifetime();
          lifetime.onClose(deps.running.begin());
          extra.responses.set(id, lifetime);
          const context = { viewer, requestId, lifetime };
          const result = await graphql.getResultForParams({ params, request }, context);
          if (isReplaced()) return neverAnswer();
          // The client has completed the operation meanwhile: nothing is sent.
          if (!(id in subscriptions)) endOperation(extra, id, false);
          return result ?? {};
        };
    running.set(args, start);
    return args;
  }

  async function startLive(
    { send }: Connection,
    id: string,
    operation: LiveOperation,
    context: RequestContext,
  ): Promise<OperationResult> {
    const results = await graphql.subscribe(operation, context);
    if (!(Symbol.asyncIterator in results)) return results;
    const write = (live: LiveResult) =>
      (live.text ??= JSON.stringify(exposeResult(live.result, context.requestId)));
    return sendResults(results, id, { send, write });
  }

  async function run(args: ExecutionArgs): Promise<OperationResult> {
    const start = running.get(args);
    if (!start) throw new Error("An operation runs that was never prepared.");
    // What it holds on to would be held for as long as the subscription.
    running.delete(args);
    try {
      return await start();
    } catch (error) {
      return { errors: [maskFailure(error, undefined, logger)] };
    }
  }

  const server = new WebSocketServer({
    noServer: true,
    maxPayload: deps.maxMessageBytes,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });

  function open(socket: WebSocket, request: IncomingMessage): void {
    let over: Promise<void> | undefined;
    const connection: Connection = {
      socket,
      // While it closes nothing is sent, and nothing made: a subscription that always has more would leave no time for the close.
      send: (message) =>
        socket.readyState === socket.OPEN
          ? send(socket, message, deps.slowConsumerMs, cutOff)
          : (over ??= waitForClose(socket)),
      credentials: pickCredentials(request),
      operations: new Map(),
      responses: new Map(),
      onClose: [
        keepAlive(socket, deps.pingIntervalMs),
        () => {
          connections.delete(connection);
          for (const response of connection.responses.values()) response.end(false);
        },
      ],
    };
    connections.add(connection);
    const cutOff = () => {
      if (socket.readyState !== socket.OPEN) return;
      logger.warn({}, "a subscriber that is too slow was cut off");
      // Not lost: every event has a cursor to go on from.
      socket.close(CLOSE_CODES.tryLater, "Too slow: resume with your cursor");
      setTimeout(() => socket.terminate(), deps.slowConsumerMs).unref();
    };
    const fail = (error: unknown) => {
      logger.warn({ err: error }, "a WebSocket failed");
      // 4500 and 1011 would keep the client from ever coming back.
      socket.close(CLOSE_CODES.tryLater, "Please try again");
    };
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: connection.send,
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) =>
          socket.on("message", (message: Buffer) => void receive(message.toString()).catch(fail)),
      },
      connection,
    );
    // ws has answered a protocol error, such as a message that is too large, with its own close code by then.
    socket.on("error", (error) =>
      logger.debug({ err: error }, "a WebSocket was closed by an error"),
    );
    socket.once("close", (code, reason) => {
      for (const release of connection.onClose) release();
      closed(code, String(reason)).catch((error: unknown) => {
        logger.warn({ err: error }, "a WebSocket did not end cleanly");
      });
    });
  }

  return {
    handleUpgrade: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (client) => open(client, request)),
    closeWhenAnswered() {
      for (const { socket, responses } of connections)
        if (responses.size === 0) sendElsewhere(socket);
    },
    closeAll: () => server.clients.forEach(sendElsewhere),
    terminateAll: () => server.clients.forEach((client) => client.terminate()),
  };
}
