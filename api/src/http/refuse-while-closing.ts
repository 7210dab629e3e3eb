import type { MiddlewareHandler } from "hono";
import type { HttpEnvironment } from "./environment.ts";
import { answerError, answerGraphQLError } from "./errors.ts";

/** An estimate: by then another process, or this one after its restart, can respond. */
export const CLOSING_RETRY_AFTER_MS = 1_000;
export const CLOSING_MESSAGE = "This process is shutting down. Send the request again.";

/** Rejects new requests once a shutdown has begun. Earlier requests are completed. */
export function refuseWhileClosing(deps: {
  isClosing(): boolean;
}): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    if (!deps.isClosing()) return next();
    const error = {
      status: 503,
      code: "SERVICE_UNAVAILABLE",
      message: CLOSING_MESSAGE,
      requestId: c.var.requestId,
      retryAfterMs: CLOSING_RETRY_AFTER_MS,
    } as const;
    return c.req.path === "/graphql" ? answerGraphQLError(error) : answerError(error);
  };
}
