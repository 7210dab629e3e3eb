/** Work that continues after the response. Shutdown waits for it. */
export interface BackgroundTasks {
  /** The response must not wait for `run`. Its errors are logged. */
  start(what: string, run: (signal: AbortSignal) => Promise<void>): void;
  /** Waits up to `graceMs`, then aborts the remaining tasks and waits until they have ended. */
  close(graceMs: number): Promise<void>;
}

export function createBackgroundTasks(
  log: (what: string, error: unknown) => void,
): BackgroundTasks {
  const running = new Set<Promise<void>>();
  const controller = new AbortController();
  return {
    start(what, run) {
      const work = run(controller.signal)
        .catch((error: unknown) => log(what, error))
        .finally(() => running.delete(work));
      running.add(work);
    },
    async close(graceMs) {
      const timer = setTimeout(() => controller.abort(), graceMs);
      while (running.size > 0) await Promise.all(running);
      clearTimeout(timer);
    },
  };
}
