/** A call's timeout, which stands still while a person is asked. */
import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";

export interface CallClock extends Disposable {
  /** Aborts with the SDK's timeout error when time is up, or with the caller's reason. */
  readonly signal: AbortSignal;
  /** Of its time, in milliseconds; 0: it is up. */
  leftMs(): number;
  /** From now on this one's abort ends the call as well. */
  follow(callerSignal: AbortSignal): void;
  /** What comes of `work`, which goes on in any case; null: the time was up first. */
  within<T>(work: Promise<T>): Promise<T | null>;
  pause(): void;
  resume(): void;
}

export function startCallClock(timeoutMs: number, callerSignal?: AbortSignal): CallClock {
  const controller = new AbortController();
  const stops: (() => void)[] = [];
  /** At the last pause. */
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
