import type { EgressLimits } from "./egress-limits.ts";

export type Phase = "answering" | "sending the body";

/** Why `Deadlines.signal` fired, when it was not the caller's own abort. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

/** The time limits of one guarded fetch and the caller's abort, as one signal. */
export interface Deadlines {
  readonly signal: AbortSignal;
  /** Starts the phase's own limit anew. */
  enter(phase: Phase): void;
  /** Stops the phase's limit, while the other end is not the one waited for. */
  leave(): void;
  /** Frees an event stream from all but the caller's abort. */
  lift(): void;
  /** Ends all limits and lets go of the caller's signal. */
  end(): void;
  /** Ends all limits and breaks off whatever still listens to the signal. */
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
    // Node fires at once for anything longer than 2^31 - 1 ms.
    if (ms > 0x7fffffff) return undefined;
    const run = () => abort(new DeadlinePassed(`${what} within ${ms / 1000} s`));
    // A limit alone must not keep the process alive; the socket it guards does.
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
