import { Hono } from "hono";

import type { HttpEnvironment } from "./environment.ts";

export interface HealthDeps {
  /** True if the database responds and its migrations are complete. An error counts as false. */
  isReady(): Promise<boolean>;
  /**
   * A process that is shutting down is not ready, so that load balancers send it no more requests.
   */
  isClosing(): boolean;
  /** How long `isReady` may take before it counts as false, in milliseconds. */
  timeoutMs?: number;
}

/**
 * `/healthz`: 200 while the process is running. `/readyz`: 200 if it can handle requests, otherwise
 * 503.
 */
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
