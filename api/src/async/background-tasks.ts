/** Work that goes on behind an answer; stopping waits for it. */
export interface BackgroundTasks {
  /** `run` must not be awaited by the answer; what it throws is logged, never lost. */
  start(what: string, run: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts nothing for `graceMs`, then aborts what is left and waits for it. */
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
