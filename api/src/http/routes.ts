import { Hono } from "hono";

import { logAccess } from "./access-log.ts";
import { type AttemptLimitsDeps, limitCallbacks } from "./attempt-limits.ts";
import { type AuthRoutesDeps, createAuthRoutes } from "./auth-routes.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerError } from "./errors.ts";
import { createGraphiQLRoutes } from "./graphiql-routes.ts";
import type { GraphiQLRoutesDeps } from "./graphiql-routes.ts";
import { createExportRoutes } from "./export-routes.ts";
import type { ExportRoutesDeps } from "./export-routes.ts";
import { createGraphQLRoutes } from "./graphql-routes.ts";
import type { GraphQLRoutesDeps } from "./graphql-routes.ts";
import { addSecurityHeaders, guardHost, guardOrigin } from "./guard-middleware.ts";
import { createHealthRoutes } from "./health.ts";
import type { HealthDeps } from "./health.ts";
import type { HttpLogger } from "./logger.ts";
import { createMetricsRoutes } from "./metrics-routes.ts";
import type { MetricsRoutesDeps } from "./metrics-routes.ts";
import { createOAuthRoutes } from "./oauth-routes.ts";
import type { OAuthRoutesDeps } from "./oauth-routes.ts";
import { refuseWhileClosing } from "./refuse-while-closing.ts";
import type { RunningRequests } from "./running-requests.ts";
import type { RequestGuard } from "./request-guard.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { createStaticRoutes } from "./static-routes.ts";

export interface RoutesDeps
  extends
    GraphQLRoutesDeps,
    ExportRoutesDeps,
    GraphiQLRoutesDeps,
    Omit<OAuthRoutesDeps, "publicOrigin">,
    HealthDeps,
    AttemptLimitsDeps,
    AuthRoutesDeps,
    MetricsRoutesDeps {
  /** The options of the sign-in page in addition to a password. */
  signInOptions: { passwordReset: boolean };
  guard: RequestGuard;
  publicUrl: string;
  webRoot: string | null;
  logger: HttpLogger;
  newRequestId: () => string;
  /**
   * True once a shutdown has begun: connections are not kept open for another request, and no new
   * work is accepted.
   */
  isClosing: () => boolean;
  running: RunningRequests;
}

/** All HTTP routes, in the order in which they are matched. */
export function createRoutes(deps: RoutesDeps): Hono<HttpEnvironment> {
  const { logger, guard } = deps;
  const app = new Hono<HttpEnvironment>();
  app.use(logAccess(logger, deps.newRequestId));
  app.use(async (c, next) => {
    await next();
    // The server does not wait for the rest of a body: the next request would be sent on a
    // connection that is about to close.
    const isUnread = !c.env.incoming.complete;
    if (deps.isClosing() || isUnread) c.res.headers.set("Connection", "close");
  });
  app.use(deps.running.middleware);
  app.use(addSecurityHeaders(createSecurityHeaders(deps.publicUrl)));
  app.use(guardHost(guard));
  app.use(guardOrigin(guard));

  app.route("/", createHealthRoutes(deps));
  app.route("/", createMetricsRoutes(deps));
  // Pages and callbacks are still handled: they are short, and a callback cannot be repeated.
  for (const path of ["/graphql", "/api/*", "/export/*"]) app.use(path, refuseWhileClosing(deps));
  app.route("/", createAuthRoutes(deps));
  app.get("/api/sign-in-options", (c) => c.json(deps.signInOptions));
  app.route("/", createGraphQLRoutes(deps));
  app.route("/", createGraphiQLRoutes(deps));
  app.route("/", createExportRoutes(deps));
  app.use("/oauth/callback", limitCallbacks(deps));
  app.route("/", createOAuthRoutes({ ...deps, publicOrigin: guard.publicOrigin }));
  app.route("/", createStaticRoutes(deps.webRoot));

  app.notFound((c) =>
    answerError({
      status: 404,
      code: "NOT_FOUND",
      message: "Not found.",
      requestId: c.get("requestId"),
    }),
  );
  app.onError((error, c) => {
    const requestId = c.get("requestId");
    if ("getResponse" in error) return error.getResponse();
    // A caller that has disconnected does not receive the error.
    const level = c.req.raw.signal.aborted ? "debug" : "error";
    logger[level]({ err: error, requestId }, "a request failed unexpectedly");
    return answerError({
      status: 500,
      code: "INTERNAL_SERVER_ERROR",
      message: "An internal error occurred.",
      requestId,
    });
  });
  return app;
}
