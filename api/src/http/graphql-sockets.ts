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

/** A guess: a place is free when another subscription ends. */
const RETRY_AFTER_MS = 5_000;

export interface GraphQLSocketsDeps extends SocketOperationsDeps {
  newRequestId: () => string;
  socketLimit: ConnectionLimit;
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

/**
 * GraphQL over WebSocket (`graphql-transport-ws`), for whoever is signed in by the cookie of the upgrade, or has an API token there or
 * in the `authorization` of `connection_init`.
 */
export function createGraphQLSockets(deps: GraphQLSocketsDeps): GraphQLSockets {
  const { viewers, logger } = deps;
  const operations = createSocketOperations(deps);

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
      operations.end(extra, id, false);
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
      // What throws past the last plugin is wrapped by graphql-ws, with its message.
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
