import { AsyncLocalStorage } from "node:async_hooks";

/** What the hooks of the sign-in library know of the HTTP request besides its headers and body. */
export interface AuthRequest {
  address: string;
  requestId: string;
}

interface RunningRequest extends AuthRequest {
  isPasswordCounted: boolean;
}

const running = new AsyncLocalStorage<RunningRequest>();

export function runAuthRequest<Result>(request: AuthRequest, run: () => Result): Result {
  return running.run({ ...request, isPasswordCounted: false }, run);
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

function requireRunning(): RunningRequest {
  const request = running.getStore();
  if (!request) throw new Error("An endpoint of the sign-in library runs outside a request.");
  return request;
}
