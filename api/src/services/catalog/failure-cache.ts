/** Why a server gave no answer, and when. */
export interface CachedFailure {
  message: string;
  at: Date;
}

/** What went wrong lately, in this process: for whoever wonders, and so that not every page asks again. */
export interface FailureCache {
  /** @param version of what was asked for; under another one it has not failed yet. @param message null: it went well */
  note(key: string, version: number, message: string | null): void;
  /** Whether it failed so lately that it is left in peace. */
  isFresh(key: string, version: number): boolean;
  read(key: string): CachedFailure | null;
}

const leftInPeaceMs = 30_000;
const rememberedMs = 10 * 60_000;
const mostRemembered = 10_000;

export function createFailureCache(clock: { monotonicMs(): number; now(): Date }): FailureCache {
  const failures = new Map<string, CachedFailure & { version: number; atMs: number }>();

  function find(key: string) {
    const failure = failures.get(key);
    if (!failure || clock.monotonicMs() - failure.atMs <= rememberedMs) return failure;
    failures.delete(key);
    return undefined;
  }

  return {
    note(key, version, message) {
      failures.delete(key);
      if (message === null) return;
      failures.set(key, { message, version, at: clock.now(), atMs: clock.monotonicMs() });
      const [oldest] = failures.keys();
      if (failures.size > mostRemembered && oldest !== undefined) failures.delete(oldest);
    },
    isFresh(key, version) {
      const failure = find(key);
      return failure?.version === version && clock.monotonicMs() - failure.atMs <= leftInPeaceMs;
    },
    read(key) {
      const failure = find(key);
      return failure ? { message: failure.message, at: failure.at } : null;
    },
  };
}
