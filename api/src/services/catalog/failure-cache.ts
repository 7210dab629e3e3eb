import { LRUCache } from "lru-cache";

/** Why and when a request to a server failed. */
export interface CachedFailure {
  message: string;
  at: Date;
}

/** Recent failures of this process, used for display and to avoid a request on every page load. */
export interface FailureCache {
  /**
   * @param version the version of the settings; failures under other versions are ignored
   * @param message null: the request succeeded
   */
  note(key: string, version: number, message: string | null): void;
  /** Whether the request failed so recently that it should not be repeated. */
  isFresh(key: string, version: number): boolean;
  read(key: string): CachedFailure | null;
}

const leftInPeaceMs = 30_000;
const rememberedMs = 10 * 60_000;
const mostRemembered = 10_000;

export function createFailureCache(clock: { monotonicMs(): number; now(): Date }): FailureCache {
  const failures = new LRUCache<string, CachedFailure & { version: number; atMs: number }>({
    max: mostRemembered,
    ttl: rememberedMs,
    perf: { now: () => clock.monotonicMs() },
  });

  return {
    note(key, version, message) {
      failures.delete(key);
      if (message === null) return;
      failures.set(key, { message, version, at: clock.now(), atMs: clock.monotonicMs() });
    },
    isFresh(key, version) {
      const failure = failures.get(key);
      return failure?.version === version && clock.monotonicMs() - failure.atMs <= leftInPeaceMs;
    },
    read(key) {
      const failure = failures.get(key);
      return failure ? { message: failure.message, at: failure.at } : null;
    },
  };
}
