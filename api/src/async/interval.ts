/**
 * Starts a recurring task immediately and then at this interval, until disposed. `task` must not
 * throw; it is not awaited.
 */
export function startInterval(task: () => void, everyMs: number): Disposable {
  task();
  const timer = setInterval(task, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Runs something after a delay or on request. Runs that are dropped are left to the caller's
 * recurring task.
 */
export function createDelayedRuns(
  run: () => void,
): Disposable & { now(): void; after(ms: number): void } {
  const timers = new Set<NodeJS.Timeout>();
  return {
    now: run,
    after(ms) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms).unref();
      timers.add(timer);
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
