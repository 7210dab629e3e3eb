/** Begins a piece of regular work now and every so often, until disposed. `turn` must not throw; it goes on behind. */
export function startInterval(turn: () => void, everyMs: number): Disposable {
  turn();
  const timer = setInterval(turn, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Runs something a while from now, and whenever it is asked to; dropped runs are left to whoever runs it regularly. */
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
