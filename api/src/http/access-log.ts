import type { MiddlewareHandler } from "hono";

import type { HttpEnvironment } from "./environment.ts";
import type { HttpLogger } from "./logger.ts";

/** `/invite/<token>` and `/api/auth/reset-password/<token>`, however they are written. */
const secretPath = /^(\/+(?:invite|api\/+auth\/+reset-password)\/+).+/i;

/**
 * Names every request (`x-request-id`, never taken from the caller) and writes one line about it: method, path without query,
 * status, milliseconds until the headers of the answer. Query strings hold codes and states and are never logged, and an invitation's
 * address holds what lets somebody in.
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
    // Probes come every few seconds and say nothing that a failure would not.
    const level = path === "/healthz" || path === "/readyz" ? "debug" : "info";
    logger[level]({ ...line, ms }, "request");
  };
}
