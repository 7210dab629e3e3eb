/** What became of one logical call, seen from below the SDK, which forwards no context of its own to `fetch`. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Questions } from "../elicitation/elicitation-queue.ts";

export interface RequestTrace {
  /** Bytes may have reached the server: from here on nothing is ever sent again by itself (S6). */
  sent: boolean;
  /** A JSON-RPC result came back, so what fails afterwards fails on our side of the wire. */
  answered: boolean;
  /** Why the answer's event stream broke off; the SDK keeps no more of it than a sentence. */
  streamFailure?: unknown;
  /** Where what the server asks on the call's stream is answered; none: it is declined. */
  questions?: Questions | undefined;
}

const storage = new AsyncLocalStorage<RequestTrace | undefined>();

/** Runs `call` so that the transport below records in `trace` what it did for it. */
export function traceRequest<T>(trace: RequestTrace, call: () => Promise<T>): Promise<T> {
  return storage.run(trace, call);
}

/** Runs `call` outside any trace: a cancellation is not the request that it cancels. */
export function leaveTrace<T>(call: () => T): T {
  return storage.run(undefined, call);
}

/** Runs `call` outside everything that belongs to whoever runs: what outlives a call must not be taken for it. */
export const runOutsideCalls: <T>(call: () => T) => T = AsyncLocalStorage.snapshot();

/** The trace of the call that is running, if it is traced. */
export function currentTrace(): RequestTrace | undefined {
  return storage.getStore();
}

const answers = new AsyncLocalStorage<(httpStatus: number) => void>();

/** Runs `call` so that `onAnswer` is told the HTTP status of each answer to a message sent for it. */
export function listenToAnswers<T>(
  onAnswer: (httpStatus: number) => void,
  call: () => Promise<T>,
): Promise<T> {
  return answers.run(onAnswer, call);
}

export function tellAnswer(httpStatus: number): void {
  answers.getStore()?.(httpStatus);
}
