import type { Context, MiddlewareHandler } from "hono";
import type { AttemptLimits } from "#services/access/attempt-limits.ts";
import { readClientAddress } from "./client-address.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerError } from "./errors.ts";

export interface AttemptLimitsDeps {
  attemptLimits: Pick<AttemptLimits, "callbackFrom">;
  trustProxy: boolean;
}

export function limitCallbacks({
  attemptLimits: limits,
  trustProxy,
}: AttemptLimitsDeps): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const waitMs = await limits.callbackFrom(readClientAddress(c.env.incoming, trustProxy));
    return waitMs === null ? next() : refuse(c, waitMs);
  };
}

/** RFC 6585 §4. */
function refuse(c: Context<HttpEnvironment>, waitMs: number): Response {
  return answerError({
    status: 429,
    code: "RATE_LIMITED",
    message: "Too many attempts. Wait a moment, then try again.",
    requestId: c.var.requestId,
    retryAfterMs: waitMs,
  });
}
