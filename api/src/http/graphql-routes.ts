import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";

import { readClientAddress } from "./client-address.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerGraphQLError } from "./errors.ts";
import type { GraphQLHandler } from "./graphql-handler.ts";
import { answerEventStream } from "./graphql-streams.ts";
import type { HttpLogger } from "./logger.ts";
import type { LiveStreams } from "./live-stream.ts";
import { isJson } from "./media-type.ts";
import { followResponse, limitSending } from "./response-lifetime.ts";
import { hasInvalidToken, type ViewerResolver } from "./viewer.ts";
import type { Viewer } from "./viewer-identity.ts";

export interface GraphQLRoutesDeps {
  graphql: GraphQLHandler;
  viewers: ViewerResolver;
  streams: LiveStreams;
  streamLimit: ConnectionLimit;
  maxBodyBytes: number;
  trustProxy: boolean;
  /** How long the sending of a response that is not a stream may take, in milliseconds. */
  maxSendMs: number;
  logger: HttpLogger;
  /** The interval at which an idle stream sends a comment, in milliseconds. */
  pingIntervalMs: number;
}

/**
 * `/graphql` over HTTP: POST with a JSON body only, because any page could send a form or text body
 * without a preflight request. The response is JSON, or a stream of server-sent events if the
 * client accepts `text/event-stream`.
 */
export function createGraphQLRoutes(deps: GraphQLRoutesDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  routes.use("/graphql", async (c, next) => {
    const requestId = c.var.requestId;
    if (c.req.method !== "POST") {
      return answerGraphQLError({
        status: 405,
        code: "BAD_USER_INPUT",
        message: "GraphQL is available over POST and WebSocket.",
        requestId,
        headers: { Allow: "POST" },
      });
    }
    if (!isJson(c.req.header("content-type"))) {
      return answerGraphQLError({
        status: 415,
        code: "BAD_USER_INPUT",
        message: "Send the operation as application/json.",
        requestId,
      });
    }
    return next();
  });
  routes.use(
    "/graphql",
    bodyLimit({
      maxSize: deps.maxBodyBytes,
      onError: (c) =>
        answerGraphQLError({
          status: 413,
          code: "BAD_USER_INPUT",
          message: `The request is larger than ${deps.maxBodyBytes} bytes.`,
          requestId: c.get("requestId"),
        }),
    }),
  );
  routes.post("/graphql", async (c) => {
    const { requestId } = c.var;
    const { headers } = c.req.raw;
    const setCookies: string[] = [];
    const viewer = await deps.viewers.resolveViewer(headers, (cookie) => setCookies.push(cookie));
    if (hasInvalidToken(headers, viewer)) {
      return answerGraphQLError({
        status: 401,
        code: "UNAUTHENTICATED",
        message: "The API token is not valid: it is unknown, expired or revoked.",
        requestId,
      });
    }
    const { outgoing, incoming } = c.env;
    const address = readClientAddress(incoming, deps.trustProxy);
    const context = { viewer, requestId, address, lifetime: followResponse(outgoing) };
    const answer = acceptsEventStream(headers)
      ? await answerEventStream(deps, c.req.raw, context)
      : await deps.graphql.fetch(c.req.raw, context);
    const isStream = isEventStream(answer);
    const response = isStream ? bindToCredential(deps, answer, viewer, requestId) : answer;
    if (!isStream)
      limitSending(outgoing, deps.maxSendMs, () =>
        deps.logger.warn({ requestId }, "a response that was not read in time was cut off"),
      );
    for (const cookie of setCookies) response.headers.append("Set-Cookie", cookie);
    return response;
  });
  return routes;
}

/** An estimate: a place becomes available when another stream ends. */
const RETRY_AFTER_MS = 5_000;

/** Ends the stream when the credential with which it was opened ends. */
function bindToCredential(
  deps: GraphQLRoutesDeps,
  answer: Response,
  viewer: Viewer | null,
  requestId: string,
): Response {
  const giveBack = deps.streamLimit.take(viewer?.userId ?? "");
  if (!giveBack) {
    answer.body?.cancel().catch(() => {});
    return answerGraphQLError({
      status: 429,
      code: "RATE_LIMITED",
      message: "Too many streams are open.",
      requestId,
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  answer.headers.set("X-Accel-Buffering", "no");
  return deps.streams.track(answer, (end) => {
    const unwatch = viewer
      ? deps.viewers.watch(viewer, () => end(writeLastMessages(requestId)))
      : () => {};
    return () => {
      giveBack();
      unwatch();
    };
  });
}

/**
 * The last messages of a stream whose credential has ended, in the format of GraphQL over SSE
 * (distinct connections mode).
 */
function writeLastMessages(requestId: string): string {
  const error = {
    message: "The session or API token has ended.",
    extensions: { code: "UNAUTHENTICATED", requestId },
  };
  return `event: next\ndata: ${JSON.stringify({ errors: [error] })}\n\nevent: complete\ndata:\n\n`;
}

function acceptsEventStream(headers: Headers): boolean {
  return headers.get("accept")?.toLowerCase().includes("text/event-stream") ?? false;
}

function isEventStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}
