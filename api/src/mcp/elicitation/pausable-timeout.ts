/** The timeout of a call, which is paused while the user is asked for input. */
import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";

export interface PausableTimeout extends Disposable {
  /** Aborts with the SDK's timeout error when the time has expired, or with the caller's reason. */
  readonly signal: AbortSignal;
  /** The remaining time in milliseconds. 0 if it has expired. */
  leftMs(): number;
  /** Makes the abort of `callerSignal` end the call as well. */
  follow(callerSignal: AbortSignal): void;
  /** Returns the result of `work`, or null if the time expires first. `work` continues in that case. */
  within<T>(work: Promise<T>): Promise<T | null>;
  pause(): void;
  resume(): void;
}

export function startPausableTimeout(
  timeoutMs: number,
  callerSignal?: AbortSignal,
): PausableTimeout {
  const controller = new AbortController();
  const stops: (() => void)[] = [];
  /** The remaining time at the last pause. */
  let leftMs = timeoutMs;
  let runningSince = 0;
  let timer: NodeJS.Timeout | undefined;

  function resume(): void {
    if (timer || controller.signal.aborted) return;
    runningSince = performance.now();
    timer = setTimeout(() => {
      controller.abort(
        new SdkError(SdkErrorCode.RequestTimeout, "Request timed out", { timeout: timeoutMs }),
      );
    }, leftMs);
  }

  function countLeft(): number {
    return timer ? Math.max(0, leftMs - (performance.now() - runningSince)) : leftMs;
  }

  function pause(): void {
    if (!timer) return;
    leftMs = countLeft();
    clearTimeout(timer);
    timer = undefined;
  }

  function follow(signal: AbortSignal): void {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    stops.push(() => signal.removeEventListener("abort", abort));
  }

  if (callerSignal) follow(callerSignal);
  resume();

  return {
    signal: controller.signal,
    leftMs: () => (controller.signal.aborted ? 0 : countLeft()),
    follow,
    async within(work) {
      const over = Promise.withResolvers<null>();
      const onAbort = () => over.resolve(null);
      controller.signal.addEventListener("abort", onAbort, { once: true });
      if (controller.signal.aborted) onAbort();
      try {
        return await Promise.race([work, over.promise]);
      } finally {
        controller.signal.removeEventListener("abort", onAbort);
      }
    },
    pause,
    resume,
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const stop of stops) stop();
    },
  };
}
