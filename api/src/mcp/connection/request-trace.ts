/** Records what happens to a call below the SDK, which does not pass any context to `fetch`. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ElicitationQueue } from "../elicitation/elicitation-queue.ts";

export interface RequestTrace {
  /** Whether data may have reached the server. From then on the request is never repeated automatically (S6). */
  sent: boolean;
  /** The status of the last HTTP response. */
  httpStatus?: number;
  /** Whether a JSON-RPC result was received. Later failures are then local. */
  answered: boolean;
  /** The reason that the response's event stream broke off. The SDK keeps only a message. */
  streamFailure?: unknown;
  /** Handles elicitations that the server sends on the call's stream. If undefined, they are declined. */
  questions?: ElicitationQueue | undefined;
}

const storage = new AsyncLocalStorage<RequestTrace | undefined>();

/** Runs `call` so that the transport records its requests in `trace`. */
export function traceRequest<T>(trace: RequestTrace, call: () => Promise<T>): Promise<T> {
  return storage.run(trace, call);
}

/** Runs `call` outside of any trace, because a cancellation is not part of the request that it cancels. */
export function leaveTrace<T>(call: () => T): T {
  return storage.run(undefined, call);
}

/** Runs `call` outside of all async contexts. Work that outlives a call must not be attributed to it. */
export const runOutsideCalls: <T>(call: () => T) => T = AsyncLocalStorage.snapshot();

/** Returns the trace of the current call, if it is traced. */
export function currentTrace(): RequestTrace | undefined {
  return storage.getStore();
}

const answers = new AsyncLocalStorage<(httpStatus: number) => void>();

/** Runs `call` so that `onAnswer` receives the HTTP status of each response to its messages. */
export function listenToAnswers<T>(
  onAnswer: (httpStatus: number) => void,
  call: () => Promise<T>,
): Promise<T> {
  return answers.run(onAnswer, call);
}

export function tellAnswer(httpStatus: number): void {
  answers.getStore()?.(httpStatus);
}
