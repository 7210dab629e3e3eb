import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import { GraphQLError } from "graphql";
import { handleProtocols, makeServer } from "graphql-ws";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

import type { ConnectionLimit } from "./connection-limit.ts";
import { exposeError, exposeResult, maskFailure } from "./graphql-errors.ts";
import { CLOSING_MESSAGE, CLOSING_RETRY_AFTER_MS } from "./refuse-while-closing.ts";
import { pickCredentials, readAuthorization, toHeaders } from "./socket-credentials.ts";
import { keepAlive } from "./socket-keep-alive.ts";
import { CLOSE_CODES, createSocketOperations, sendElsewhere } from "./socket-operations.ts";
import type { Connection, SocketOperationsDeps } from "./socket-operations.ts";
import { send, waitForClose } from "./socket-send.ts";

/** An estimate: a slot becomes free when another subscription ends. */
const RETRY_AFTER_MS = 5_000;

export interface GraphQLSocketsDeps extends SocketOperationsDeps {
  newRequestId: () => string;
  socketLimit: ConnectionLimit;
  maxSubscriptionsPerSocket: number;
  maxMessageBytes: number;
  pingIntervalMs: number;
  /** A connection is closed if the client has not received a message after this time, in milliseconds. */
  slowConsumerMs: number;
}

export interface GraphQLSockets {
  /** Takes over a connection whose `Host`, `Origin` and path have been checked. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes each connection with 1012 (service restart) once the queries and mutations that run on it have their responses. */
  closeWhenAnswered(): void;
  /** Closes all connections with 1012 immediately. */
  closeAll(): void;
  /** Terminates the connections that the clients have not closed. */
  terminateAll(): void;
}

/**
 * GraphQL over WebSocket (`graphql-transport-ws`). The caller is authenticated by the session cookie or the API token of the upgrade
 * request, or by an API token in the `authorization` of `connection_init`.
 */
export function createGraphQLSockets(deps: GraphQLSocketsDeps): GraphQLSockets {
  const { logger } = deps;
  const operations = createSocketOperations(deps);

  const protocol = makeServer<undefined, Connection>({
    onConnect: ({ extra, connectionParams }) => admit(deps, extra, connectionParams),
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const requestId = deps.newRequestId();
      // The client may use the id of an operation again that it has completed and that is still running.
      operations.end(extra, id, false);
      extra.operations.set(id, requestId);
      const refusal = findRefusal(deps, Object.keys(subscriptions).length);
      if (refusal) return [refusal];
      try {
        return await operations.prepare({
          connection: extra,
          subscriptions,
          id,
          requestId,
          payload,
        });
      } catch (error) {
        return [maskFailure(error, requestId, logger)];
      }
    },
    execute: operations.run,
    subscribe: operations.run,
    onNext: ({ extra }, id, _payload, _args, result) =>
      exposeResult(result, extra.operations.get(id)),
    onError({ extra }, id, _payload, errors) {
      const requestId = extra.operations.get(id);
      operations.end(extra, id, true);
      // graphql-ws wraps an error that no plugin has masked, and includes its message.
      return errors.map((error) => exposeError(maskFailure(error, requestId, logger), requestId));
    },
    onComplete({ extra }, id) {
      operations.end(extra, id, true);
    },
  });

  const connections = new Set<Connection>();

  const server = new WebSocketServer({
    noServer: true,
    maxPayload: deps.maxMessageBytes,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });

  function open(socket: WebSocket, request: IncomingMessage): void {
    const connection = createConnection(deps, socket, request);
    connections.add(connection);
    connection.onClose.push(() => {
      connections.delete(connection);
      for (const response of connection.responses.values()) response.end(false);
    });
    const fail = (error: unknown) => {
      logger.warn({ err: error }, "a WebSocket failed");
      // After 4500 and 1011 a client would not reconnect.
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
    // After a protocol error, such as a message that is too large, ws has already sent its own close code.
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

/** Authenticates a connection. Returns false if it is not acknowledged. */
async function admit(
  { viewers, socketLimit }: GraphQLSocketsDeps,
  { socket, credentials, onClose }: Connection,
  connectionParams: Record<string, unknown> | undefined,
): Promise<boolean> {
  // The WebSocket of a browser cannot send headers; other clients can.
  const sent = readAuthorization(connectionParams);
  if (sent !== undefined) credentials.authorization = sent;
  const viewer = await viewers.resolveViewer(toHeaders(credentials));
  // After the connection has closed, nothing would be released again.
  if (socket.readyState !== socket.OPEN) return false;
  const giveBack = viewer && socketLimit.take(viewer.userId);
  if (!viewer) socket.close(CLOSE_CODES.unauthenticated, "Unauthenticated");
  else if (!giveBack) socket.close(CLOSE_CODES.tryLater, "Too many connections");
  // For false, graphql-ws also closes with 4403, which no longer has an effect.
  if (!viewer || !giveBack) return false;
  const end = () => socket.close(CLOSE_CODES.unauthenticated, "Session ended");
  const forbid = () => socket.close(CLOSE_CODES.forbidden, "Forbidden");
  onClose.push(giveBack, viewers.watch(viewer, end), viewers.watchRight(viewer, forbid));
  return true;
}

function findRefusal(deps: GraphQLSocketsDeps, subscriptions: number): GraphQLError | null {
  if (deps.isClosing()) {
    const extensions = { code: "SERVICE_UNAVAILABLE", retryAfterMs: CLOSING_RETRY_AFTER_MS };
    return new GraphQLError(CLOSING_MESSAGE, { extensions });
  }
  if (subscriptions <= deps.maxSubscriptionsPerSocket) return null;
  const extensions = { code: "RATE_LIMITED", retryAfterMs: RETRY_AFTER_MS };
  return new GraphQLError("Too many subscriptions.", { extensions });
}

function createConnection(
  { logger, pingIntervalMs, slowConsumerMs }: GraphQLSocketsDeps,
  socket: WebSocket,
  request: IncomingMessage,
): Connection {
  let over: Promise<void> | undefined;
  const cutOff = () => {
    if (socket.readyState !== socket.OPEN) return;
    logger.warn({}, "a subscriber that is too slow was cut off");
    // No event is lost: every event has a cursor to continue from.
    socket.close(CLOSE_CODES.tryLater, "Too slow: resume with your cursor");
    setTimeout(() => socket.terminate(), slowConsumerMs).unref();
  };
  return {
    socket,
    // While the connection is closing, sending waits: a subscription that always has more events would otherwise delay the close.
    send: (message) =>
      socket.readyState === socket.OPEN
        ? send(socket, message, slowConsumerMs, cutOff)
        : (over ??= waitForClose(socket)),
    credentials: pickCredentials(request),
    operations: new Map(),
    responses: new Map(),
    onClose: [keepAlive(socket, pingIntervalMs)],
  };
}
