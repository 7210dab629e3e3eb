import type { Context, MiddlewareHandler } from "hono";
import type { AttemptLimits } from "../services/attempt-limits.ts";
import { readClientAddress } from "./client-address.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerError } from "./errors.ts";

export interface AttemptLimitsDeps {
  attemptLimits: AttemptLimits;
  trustProxy: boolean;
}

/** Where passwords and links from mails are tried, and mails asked for. */
const attemptPath = /\/(sign-(in|up)\/|request-password-reset|reset-password)/;

/** Guessing a password costs guessers time, wherever they sit and however many they are. */
export function limitSignIn({
  attemptLimits: limits,
  trustProxy,
}: AttemptLimitsDeps): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const isAttempt = c.req.method === "POST" && attemptPath.test(c.req.path);
    if (!isAttempt) return next();
    const waitMs = await limits.signInFrom(readClientAddress(c.env.incoming, trustProxy));
    if (waitMs !== null) return refuse(c, waitMs);
    const email = await readEmail(c.req.raw);
    const accountWaitMs = email === null ? null : await limits.signInTo(email);
    return accountWaitMs === null ? next() : refuse(c, accountWaitMs);
  };
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

/** Of the body, which is left for whoever answers; null: it is not for us to say what is wrong with it. */
async function readEmail(request: Request): Promise<string | null> {
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => null);
  if (typeof body !== "object" || body === null || !("email" in body)) return null;
  return typeof body.email === "string" ? body.email.trim().toLowerCase() : null;
}

/** RFC 6585 §4. */
function refuse(c: Context<HttpEnvironment>, waitMs: number): Response {
  return answerError({
    status: 429,
    code: "RATE_LIMITED",
    message: "Too many attempts. Wait a moment, then try again.",
    requestId: c.var.requestId,
    headers: { "Retry-After": String(Math.ceil(waitMs / 1_000)) },
  });
}
