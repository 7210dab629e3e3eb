import { randomUUID } from "node:crypto";
import { Server } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { createAdaptorServer } from "@hono/node-server";

import type { AttemptLimits } from "#services/access/attempt-limits.ts";
import type { Auth } from "./auth.ts";
import { createConnectionLimit } from "./connection-limit.ts";
import { createGraphiQLLoader } from "./graphiql-assets.ts";
import type { Exports } from "#services/event/exports.ts";
import type { GraphQLHandler } from "./graphql-handler.ts";
import { createGraphQLSockets } from "./graphql-sockets.ts";
import { createLiveStreams } from "./live-stream.ts";
import type { HttpLogger } from "./logger.ts";
import { loadOAuthAssets } from "./oauth-assets.ts";
import type { OAuthCallbacks } from "./oauth-callbacks.ts";
import { createRequestGuard } from "./request-guard.ts";
import { createRunningRequests } from "./running-requests.ts";
import { createRoutes } from "./routes.ts";
import { checkUpgrade, readPath, refuseUpgrade } from "./upgrade-guard.ts";
import type { ViewerResolver } from "./viewer.ts";

export interface HttpServerDeps {
  host: string;
  /** 0: any free port. */
  port: number;
  publicUrl: string;
  /** Additional `Host` values. */
  allowedHosts: readonly string[];
  /** Additional origins, such as the development server of the web app. */
  allowedOrigins?: readonly string[];
  /** The folder of the built web app; null if it is served elsewhere. */
  webRoot: string | null;
  /** The client id metadata document; null if none is served. */
  clientMetadata: object | null;
  auth: Pick<Auth, "handle">;
  viewers: ViewerResolver;
  graphql: GraphQLHandler;
  exports: Exports;
  /** The schema in SDL. */
  printSchema(): string;
  oauth: OAuthCallbacks;
  attemptLimits: Pick<AttemptLimits, "callbackFrom">;
  /** The options of the sign-in page in addition to a password. */
  signInOptions: { passwordReset: boolean };
  /** The token for `/metrics`; null: metrics are not available. */
  metricsToken: string | null;
  readMetrics(): Promise<string>;
  /** Whether one proxy is in front, whose `X-Forwarded-For` entry is trusted. */
  trustProxy: boolean;
  /** True if the database responds and its migrations are complete. */
  isReady(): Promise<boolean>;
  logger: HttpLogger;
  limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  /** The maximum size of one request, and of one WebSocket message. */
  maxBodyBytes: number;
  maxSocketsPerViewer: number;
  /** The maximum number of concurrent operations on one socket. */
  maxSubscriptionsPerSocket: number;
  /** The maximum number of concurrent streams of server-sent events. */
  maxStreamsPerViewer: number;
  pingIntervalMs: number;
  /** A connection or stream is ended if a subscriber has not received a message after this time. */
  slowConsumerMs: number;
  /** How long the sending of a GraphQL response may take, in milliseconds. */
  maxSendMs: number;
  /** How long running requests may take to complete after `close` was called, in milliseconds. */
  closeTimeoutMs: number;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxBodyBytes: 1024 * 1024,
  maxSocketsPerViewer: 100,
  maxSubscriptionsPerSocket: 100,
  maxStreamsPerViewer: 100,
  pingIntervalMs: 15_000,
  slowConsumerMs: 20_000,
  maxSendMs: 60_000,
  closeTimeoutMs: 5_000,
};

export interface HttpServer {
  /**
   * Rejects with the error of the operating system (`EADDRINUSE`, `EACCES`, ...) if it cannot
   * listen.
   */
  listen(): Promise<{ url: string }>;
  /**
   * Rejects new connections, operations and streams from now on, and ends subscriptions. Other
   * running requests continue.
   */
  refuseNew(): void;
  /** Resolves when every running request has its response, or after `timeoutMs`. */
  finishRunning(timeoutMs: number): Promise<void>;
  /**
   * Ends sockets and streams, and resolves when all connections are closed or the deadline has
   * passed.
   */
  close(): Promise<void>;
}

/**
 * The HTTP server: sign-in, GraphQL over POST, SSE and WebSocket, the OAuth pages, the web app, and
 * health checks.
 */
export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const { logger } = deps;
  const guard = createRequestGuard(deps);
  const streams = createLiveStreams({
    slowConsumerMs: limits.slowConsumerMs,
    onSlow: () => logger.warn({}, "a subscriber that is too slow was cut off"),
  });
  let closing = false;
  const running = createRunningRequests();
  const app = createRoutes({
    ...deps,
    guard,
    streams,
    streamLimit: createConnectionLimit(limits.maxStreamsPerViewer),
    maxBodyBytes: limits.maxBodyBytes,
    maxSendMs: limits.maxSendMs,
    pingIntervalMs: limits.pingIntervalMs,
    assets: loadOAuthAssets(),
    loadGraphiQL: createGraphiQLLoader(),
    newRequestId: randomUUID,
    isClosing: () => closing,
    running,
  });
  const sockets = createGraphQLSockets({
    ...deps,
    ...limits,
    isClosing: () => closing,
    running,
    newRequestId: randomUUID,
    socketLimit: createConnectionLimit(limits.maxSocketsPerViewer),
    maxMessageBytes: limits.maxBodyBytes,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    // For any other upgrade (curl offers h2c) the upgrade header is ignored.
    serverOptions: {
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
    },
  });
  if (!(server instanceof Server)) throw new TypeError("Only plain HTTP/1.1 is served here.");

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = closing ? 503 : checkUpgrade(guard, request);
    const line = { requestId: randomUUID(), method: "GET", path: readPath(request) };
    logger.info({ ...line, status: refusal ?? 101 }, "upgrade");
    if (refusal === null) sockets.handleUpgrade(request, socket, head);
    else refuseUpgrade(socket, refusal);
  });

  let closed: Promise<void> | null = null;
  function refuseNew(): Promise<void> {
    closing = true;
    closed ??= server.listening
      ? new Promise<void>((resolve) => server.close(() => resolve()))
      : Promise.resolve();
    return closed;
  }

  return {
    listen: () => listen(server, deps.host, deps.port),
    refuseNew() {
      void refuseNew();
      // Subscribers miss no events, because they continue with their cursors on another process.
      sockets.closeWhenAnswered();
      streams.endAll();
    },
    finishRunning: (timeoutMs) => running.finished(timeoutMs),
    async close() {
      const ended = refuseNew();
      sockets.closeAll();
      streams.endAll();
      // A connection that was busy when the server closed becomes idle later, and must then be
      // closed.
      const sweep = setInterval(() => server.closeIdleConnections(), 25);
      const deadline = setTimeout(() => {
        sockets.terminateAll();
        server.closeAllConnections();
      }, limits.closeTimeoutMs);
      await ended;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const { address, family, port: bound } = server.address() as AddressInfo;
      resolve({ url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}` });
    });
  });
}
