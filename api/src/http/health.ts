import { Hono } from "hono";

import type { HttpEnvironment } from "./environment.ts";

export interface HealthDeps {
  /** True when the database answers and its migrations are good. A throw counts as no. */
  isReady(): Promise<boolean>;
  /** A process that is shutting down is not ready, so that load balancers send it nothing more. */
  isClosing(): boolean;
  /** How long `isReady` may take before the answer is no. */
  timeoutMs?: number;
}

/** `/healthz`: 200 while the process lives. `/readyz`: 200 only when it can serve, else 503. */
export function createHealthRoutes(deps: HealthDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  routes.get("/healthz", (c) => c.json({ status: "alive" }));
  routes.get("/readyz", async (c) =>
    (await isReadyInTime(deps))
      ? c.json({ status: "ready" })
      : c.json({ status: "not ready" }, 503),
  );
  return routes;
}

async function isReadyInTime(deps: HealthDeps): Promise<boolean> {
  if (deps.isClosing()) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deps.timeoutMs ?? 2_000, false);
  });
  try {
    return await Promise.race([deps.isReady(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
