import type { MiddlewareHandler } from "hono";

import type { HttpEnvironment } from "./environment.ts";
import type { HttpLogger } from "./logger.ts";

/**
 * Matches `/invite/<token>` and `/api/auth/reset-password/<token>`, including variants with
 * repeated slashes.
 */
const secretPath = /^(\/+(?:invite|api\/+auth\/+reset-password)\/+).+/i;

/**
 * Assigns every request an id (`x-request-id`, never taken from the caller) and logs one line for
 * it: method, path without query, status, and the milliseconds until the headers of the response.
 * Query strings contain codes and states and are never logged. Tokens in paths are removed.
 */
export function logAccess(
  logger: HttpLogger,
  newRequestId: () => string,
): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const requestId = newRequestId();
    c.set("requestId", requestId);
    const startedMs = performance.now();
    await next();
    c.res.headers.set("X-Request-Id", requestId);
    const { path, method } = c.req;
    const line = {
      requestId,
      method,
      path: path.replace(secretPath, "$1*").slice(0, 512),
      status: c.res.status,
    };
    const ms = Math.round(performance.now() - startedMs);
    // Probes are sent every few seconds, so successful ones are only logged at debug level.
    const level = path === "/healthz" || path === "/readyz" ? "debug" : "info";
    logger[level]({ ...line, ms }, "request");
  };
}
