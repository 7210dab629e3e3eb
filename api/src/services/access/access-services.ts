import type { Platform } from "#platform.ts";
import { createAccess } from "./access.ts";
import { createAttemptLimits } from "./attempt-limits.ts";
import { createMailLimits } from "./mail-limits.ts";
import { createOutboundLimits } from "./outbound-limits.ts";

export type AccessServices = ReturnType<typeof createAccessServices>;

/** How many operations of one user may contact other servers at once, besides tool calls. */
const concurrentOutboundOperations = 16;

export function createAccessServices(
  { db, config, clock }: Platform,
  isLoopback: (address: string) => boolean,
) {
  const perMinute = config.outboundOperationsPerMinute;
  return {
    access: createAccess(db),
    attemptLimits: createAttemptLimits(db, { exemptsLoopback: config.isLoopback, isLoopback }),
    mailLimits: createMailLimits(db),
    outbound: createOutboundLimits({
      rate: { burst: perMinute, perMinute },
      atOnce: concurrentOutboundOperations,
      monotonicMs: clock.monotonicMs,
    }),
  };
}
