/** A call's timeout, which stands still while a person is asked. */
import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";

export interface CallClock extends Disposable {
  /** Aborts with the SDK's timeout error when time is up, or with the caller's reason. */
  readonly signal: AbortSignal;
  pause(): void;
  resume(): void;
}

export function startCallClock(timeoutMs: number, callerSignal?: AbortSignal): CallClock {
  const controller = new AbortController();
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

  function pause(): void {
    if (!timer) return;
    clearTimeout(timer);
    timer = undefined;
    leftMs = Math.max(0, leftMs - (performance.now() - runningSince));
  }

  const abort = () => controller.abort(callerSignal?.reason);
  if (callerSignal?.aborted) abort();
  else callerSignal?.addEventListener("abort", abort, { once: true });
  resume();

  return {
    signal: controller.signal,
    pause,
    resume,
    [Symbol.dispose]() {
      clearTimeout(timer);
      callerSignal?.removeEventListener("abort", abort);
    },
  };
}
