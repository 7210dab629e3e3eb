/** Runs one task at a time for each key. Concurrent callers share it. */
export interface SingleFlight<T> {
  /** Joins the running task, otherwise starts `work`. */
  share(key: string, work: () => Promise<T>): Promise<T>;
  /** Starts `work` after the running task, which may have read outdated data. */
  anew(key: string, work: () => Promise<T>): Promise<T>;
}

interface Runs<T> {
  current: Promise<T>;
  next: Promise<T> | null;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const running = new Map<string, Runs<T>>();

  function begin(key: string, work: () => Promise<T>): Promise<T> {
    const runs: Runs<T> = { current: Promise.resolve().then(work), next: null };
    const forget = () => {
      if (!runs.next) running.delete(key);
    };
    runs.current.then(forget, forget);
    running.set(key, runs);
    return runs.current;
  }

  return {
    share: (key, work) => running.get(key)?.current ?? begin(key, work),
    anew(key, work) {
      const runs = running.get(key);
      if (!runs) return begin(key, work);
      if (runs.next) return runs.next;
      const start = () => begin(key, work);
      runs.next = runs.current.then(start, start);
      // There may be no caller waiting.
      runs.next.catch(() => undefined);
      return runs.next;
    },
  };
}
