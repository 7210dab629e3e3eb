import type { Context, MiddlewareHandler } from "hono";

import type { HttpEnvironment } from "./environment.ts";
import { answerError, answerGraphQLError } from "./errors.ts";
import type { EdgeError } from "./errors.ts";
import type { RequestGuard } from "./request-guard.ts";
import { chooseAnswerKind, isApiPath } from "./security-headers.ts";
import type { SecurityHeaders } from "./security-headers.ts";

/**
 * Probes use the address of a machine or pod. These paths are useless to a DNS rebinding attack:
 * `/metrics` requires a token that browsers do not have.
 */
const PATHS_OF_EVERY_HOST = new Set(["/healthz", "/readyz", "/metrics"]);
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Handles a `Host` that is not allowed: pages are redirected to `PUBLIC_URL`, all other requests
 * are rejected with 421 (DNS rebinding).
 */
export function guardHost(guard: RequestGuard): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const { host, pathname, search } = new URL(c.req.url);
    // For an absolute request target the host of the URL counts (RFC 9112 §3.2.2), otherwise the
    // header.
    if (guard.isHostAllowed(host) || PATHS_OF_EVERY_HOST.has(pathname)) return next();
    const wantsPage =
      SAFE_METHODS.has(c.req.method) && (c.req.header("accept")?.includes("text/html") ?? false);
    if (wantsPage && !isApiPath(pathname)) {
      return c.redirect(guard.publicOrigin + pathname + search, 307);
    }
    return refuse(c, 421, `This address is not served here; use ${guard.publicOrigin}.`);
  };
}

/**
 * Requests that change state based on a cookie must come from pages of this application. This
 * includes sign-in, when there is no cookie yet: otherwise another site could sign its visitors in
 * to a different account.
 */
export function guardOrigin(guard: RequestGuard): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const matters = headers.has("cookie") || c.req.path.startsWith("/api/auth/");
    const sent = { origin: headers.get("origin"), fetchSite: headers.get("sec-fetch-site") };
    if (SAFE_METHODS.has(c.req.method) || !matters || guard.isOriginAllowed(sent)) return next();
    return refuse(c, 403, "This request comes from a page that is not part of Gatehouse.");
  };
}

/**
 * Adds the security headers for the type of response, except those that the response already has.
 */
export function addSecurityHeaders(all: SecurityHeaders): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    await next();
    for (const [name, value] of all[chooseAnswerKind(c.req.path)]) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}

function refuse(c: Context<HttpEnvironment>, status: 403 | 421, message: string): Response {
  const error: EdgeError = { status, code: "FORBIDDEN", message, requestId: c.var.requestId };
  return c.req.path === "/graphql" ? answerGraphQLError(error) : answerError(error);
}
