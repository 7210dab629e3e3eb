/** Lets a test hold a tool and see what became of it, without sleeping. */
export interface Gate {
  /** Resolves when the tool runs. */
  readonly entered: Promise<void>;
  /** Resolves when the server was told that the call is cancelled. */
  readonly cancelled: Promise<void>;
  /** Lets the tool finish. */
  open(): void;
  /** For the tool: waits until the gate opens or the call is cancelled. */
  pass(signal: AbortSignal): Promise<void>;
}

export function createGate(): Gate {
  const entered = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    entered: entered.promise,
    cancelled: cancelled.promise,
    open: opened.resolve,
    async pass(signal) {
      signal.addEventListener("abort", () => cancelled.resolve(), { once: true });
      entered.resolve();
      await Promise.race([opened.promise, cancelled.promise]);
    },
  };
}
