import type { Context, MiddlewareHandler } from "hono";

import type { HttpEnvironment } from "./environment.ts";
import { answerError, answerGraphQLError } from "./errors.ts";
import type { EdgeError } from "./errors.ts";
import type { RequestGuard } from "./request-guard.ts";
import { chooseAnswerKind, isApiPath } from "./security-headers.ts";
import type { SecurityHeaders } from "./security-headers.ts";

/** Asked by the address of a machine or pod, and of no use to a page that was rebound: `/metrics` needs a token that no browser has. */
const PATHS_OF_EVERY_HOST = new Set(["/healthz", "/readyz", "/metrics"]);
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** A `Host` that is not ours: pages are sent to `PUBLIC_URL`, everything else is refused with 421 (DNS rebinding). */
export function guardHost(guard: RequestGuard): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const { host, pathname, search } = new URL(c.req.url);
    // Of an absolute request target the URL's host counts (RFC 9112 §3.2.2), of any other the header's.
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
 * Whatever changes state on the strength of a cookie must come from our own pages; sign-in too, before there is a cookie, or a
 * foreign page could sign its visitor in as somebody else.
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

/** Puts the security headers of its kind on every answer, where the answer has none of its own. */
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
