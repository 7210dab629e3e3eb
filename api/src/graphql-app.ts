/** Gives the GraphQL API the services that it calls. */
import { createGraphQL } from "#graphql/yoga.ts";
import type { Platform } from "#platform.ts";
import { countCalls } from "#services/tool/call-metrics.ts";
import type { Metrics } from "#services/operations/metrics.ts";
import type { Services } from "./services.ts";
import { traceCalls } from "./trace-graphql.ts";

export function createGraphQLApp(platform: Platform, services: Services, metrics: Metrics) {
  const { config, clock, db, logger } = platform;
  const { executions, history, cancelling, sandboxServers } = services;
  return createGraphQL({
    isOpen: config.isLoopback,
    limits: config.operationLimits,
    db,
    services: {
      ...services,
      detection: services.detector,
      executions: {
        ...history,
        ...cancelling,
        execute: traceCalls(
          platform.tracing,
          countCalls(executions.execute, {
            note: metrics.noteCall,
            monotonicMs: clock.monotonicMs,
          }),
        ),
      },
      sandbox: sandboxServers.description,
      addSandboxServers: sandboxServers.add,
    },
    logError: (error, requestId) =>
      logger.error({ err: error, requestId }, "a GraphQL operation failed unexpectedly"),
  });
}
