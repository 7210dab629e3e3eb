import type { MiddlewareHandler } from "hono";
import type { HttpEnvironment } from "./environment.ts";
import { answerError, answerGraphQLError } from "./errors.ts";

/** A guess: another process, or this one after its restart, answers by then. */
export const CLOSING_RETRY_AFTER_MS = 1_000;
export const CLOSING_MESSAGE = "This process is shutting down. Send the request again.";

/** New work is refused once a shutdown has begun; what had begun before is answered. */
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
