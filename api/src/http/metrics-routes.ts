import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";

import type { HttpEnvironment } from "./environment.ts";

export interface MetricsRoutesDeps {
  /** Null: metrics are not available. */
  metricsToken: string | null;
  /** Returns the metrics in the Prometheus text format. */
  readMetrics(): Promise<string>;
}

/** `/metrics`, for requests with `METRICS_TOKEN`. All other requests receive 404. */
export function createMetricsRoutes({
  metricsToken,
  readMetrics,
}: MetricsRoutesDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  const expected = metricsToken === null ? null : digest(`Bearer ${metricsToken}`);
  routes.get("/metrics", async (c) => {
    const given = digest(c.req.header("authorization") ?? "");
    if (expected === null || !timingSafeEqual(given, expected)) return c.notFound();
    return c.body(await readMetrics(), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      "Cache-Control": "no-store",
    });
  });
  return routes;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
