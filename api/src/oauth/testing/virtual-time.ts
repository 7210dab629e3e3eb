/** A clock that only advances when a test advances it. */
import type { Clock, Sleep } from "../ports.ts";

export interface VirtualTime extends Clock {
  sleep: Sleep;
  now(): Date;
  /** Advances to each sleeper that is due by then, in order, and lets it run. */
  advance(ms: number): Promise<void>;
  /** Simulates a stopped process: time passes, but no sleeper wakes before the next `advance`. */
  jump(ms: number): void;
  /**
   * Resolves when a sleeper waits for exactly this time, so that the test can advance the clock.
   */
  untilSleeping(ms: number): Promise<void>;
}

export function createVirtualTime(): VirtualTime {
  let nowMs = 0;
  const sleepers = new Set<{ ms: number; at: number; wake: () => void }>();
  const watchers = new Set<{ ms: number; tell: () => void }>();

  return {
    monotonicMs: () => nowMs,
    now: () => new Date(Date.UTC(2026, 0, 1) + nowMs),
    jump(ms) {
      nowMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { ms, at: nowMs + ms, wake: resolve };
        const wake = (): void => {
          sleepers.delete(sleeper);
          resolve();
        };
        sleeper.wake = wake;
        if (signal?.aborted) return wake();
        signal?.addEventListener("abort", wake, { once: true });
        sleepers.add(sleeper);
        for (const watcher of watchers) if (watcher.ms === ms) watcher.tell();
      }),
    untilSleeping: (ms) =>
      new Promise((resolve) => {
        if ([...sleepers].some((sleeper) => sleeper.ms === ms)) return resolve();
        const watcher = {
          ms,
          tell: () => {
            watchers.delete(watcher);
            resolve();
          },
        };
        watchers.add(watcher);
      }),
    async advance(ms) {
      const until = nowMs + ms;
      for (;;) {
        const due = [...sleepers]
          .filter(({ at }) => at <= until)
          .toSorted((one, other) => one.at - other.at)[0];
        if (!due) break;
        nowMs = Math.max(nowMs, due.at);
        due.wake();
        await drainMicrotasks();
      }
      nowMs = Math.max(nowMs, until);
      await drainMicrotasks();
    },
  };
}

/** Runs everything that only waits for other promises. */
export async function drainMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}
