import { LRUCache } from "lru-cache";

/**
 * Refreshes lists that servers report as changed: soon, once for several notifications, and with a
 * limited frequency.
 */
export interface ListChangedDebounce extends Disposable {
  note(key: string, refresh: () => void): void;
}

/** Servers send one notification for each of several changes. */
const settleMs = 250;
/** The minimum time between two requests, whatever the number of notifications. */
const leastGapMs = 5_000;
const mostRemembered = 10_000;

export function createListChangedDebounce(clock: { monotonicMs(): number }): ListChangedDebounce {
  const timers = new Map<string, NodeJS.Timeout>();
  const refreshedMs = new LRUCache<string, number>({ max: mostRemembered });
  return {
    note(key, refresh) {
      if (timers.has(key)) return;
      const gapMs = (refreshedMs.get(key) ?? -Infinity) + leastGapMs - clock.monotonicMs();
      const timer = setTimeout(
        () => {
          timers.delete(key);
          refreshedMs.set(key, clock.monotonicMs());
          refresh();
        },
        Math.max(settleMs, gapMs),
      ).unref();
      timers.set(key, timer);
    },
    [Symbol.dispose]() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
