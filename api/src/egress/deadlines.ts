import type { EgressLimits } from "./egress-limits.ts";

export type Phase = "answering" | "sending the body";

/** The reason of `Deadlines.signal` if it was not aborted by the caller. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

/** Combines the time limits of one guarded fetch and the caller's signal into one signal. */
export interface Deadlines {
  readonly signal: AbortSignal;
  /** Restarts the limit of the phase. */
  enter(phase: Phase): void;
  /** Stops the limit of the phase, while the request does not wait for the server. */
  leave(): void;
  /** Removes all limits of an event stream except the caller's abort. */
  lift(): void;
  /** Ends all limits and stops listening to the caller's signal. */
  end(): void;
  /** Ends all limits and aborts everything that still listens to the signal. */
  abandon(): void;
}

export function startDeadlines(
  limits: EgressLimits,
  callerSignal: AbortSignal | null | undefined,
): Deadlines {
  const controller = new AbortController();
  let phaseTimer: NodeJS.Timeout | undefined;
  let lifted = false;

  const end = () => {
    clearTimeout(totalTimer);
    clearTimeout(phaseTimer);
    callerSignal?.removeEventListener("abort", abortByCaller);
  };
  const abort = (reason: unknown) => {
    end();
    controller.abort(reason);
  };
  const abortByCaller = () => abort(callerSignal?.reason);
  const startTimer = (ms: number, what: string) => {
    // Node fires timers longer than 2^31 - 1 ms immediately.
    if (ms > 0x7fffffff) return undefined;
    const run = () => abort(new DeadlinePassed(`${what} within ${ms / 1000} s`));
    // A limit must not keep the process running; the socket does.
    return setTimeout(run, ms).unref();
  };

  const totalTimer = startTimer(limits.totalDeadlineMs, "did not finish");
  if (callerSignal?.aborted) abortByCaller();
  else callerSignal?.addEventListener("abort", abortByCaller, { once: true });

  return {
    signal: controller.signal,
    enter(phase) {
      clearTimeout(phaseTimer);
      if (controller.signal.aborted || lifted) return;
      phaseTimer =
        phase === "answering"
          ? startTimer(limits.headersTimeoutMs, "did not answer")
          : startTimer(limits.bodyIdleTimeoutMs, "sent nothing more");
    },
    leave: () => clearTimeout(phaseTimer),
    lift() {
      lifted = true;
      clearTimeout(totalTimer);
      clearTimeout(phaseTimer);
    },
    end,
    abandon: () => abort(new Error("abandoned")),
  };
}
