import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";

/**
 * The properties of an HTTP request that the hooks of the sign-in library need in addition to
 * headers and body.
 */
export interface AuthRequest {
  address: string;
  requestId: string;
}

interface RunningRequest extends AuthRequest {
  isPasswordCounted: boolean;
  /** By `performance.now()`. */
  startedAtMs: number;
}

/** Longer than the slowest way to create the response. */
const equalTimeMs = 250;

const running = new AsyncLocalStorage<RunningRequest>();

export function runAuthRequest<Result>(request: AuthRequest, run: () => Result): Result {
  const startedAtMs = performance.now();
  return running.run({ ...request, isPasswordCounted: false, startedAtMs }, run);
}

/** @throws Error outside `runAuthRequest` */
export function readAuthRequest(): AuthRequest {
  return requireRunning();
}

/** Called once the limit of password attempts has admitted this request. */
export function markPasswordCounted(): void {
  requireRunning().isPasswordCounted = true;
}

/** Whether this request may compare a password. */
export function isPasswordCounted(): boolean {
  return running.getStore()?.isPasswordCounted ?? false;
}

/**
 * Resolves at a fixed time after the start of the request, so that the response time does not
 * reveal what was done.
 */
export async function waitForEqualTime(): Promise<void> {
  await delay(Math.max(0, requireRunning().startedAtMs + equalTimeMs - performance.now()));
}

function requireRunning(): RunningRequest {
  const request = running.getStore();
  if (!request) throw new Error("An endpoint of the sign-in library runs outside a request.");
  return request;
}
