/** Waits for a connection that is being made for several uses. */
import type { Connection } from "../connection/connect.ts";
import { notSent } from "../failure.ts";
export interface WaitLimits {
  timeoutMs: number;
  leftMs?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
}

/** The remaining time for waiting, in milliseconds. */
export function leftOf({ leftMs, timeoutMs }: WaitLimits): number {
  return leftMs?.() ?? timeoutMs;
}

/** Each user waits with its own timeout; the connection is made for all of them. */
export async function awaitConnection(
  ready: Promise<Connection>,
  use: WaitLimits,
): Promise<Connection> {
  const { timeoutMs, signal } = use;
  if (signal?.aborted) return { kind: "failed", failure: { kind: "cancelled" } };
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const onAbort = () => resolve({ kind: "failed", failure: { kind: "cancelled" } });
  const onTimeout = () => {
    const failure = notSent(`The server did not answer within ${timeoutMs / 1000} s.`);
    resolve({ kind: "failed", failure });
  };
  const timer = setTimeout(onTimeout, leftOf(use));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([ready, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
