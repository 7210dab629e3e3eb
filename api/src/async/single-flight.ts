/** One piece of work at a time under each key; whoever asks meanwhile shares it. */
export interface SingleFlight<T> {
  /** What runs already, else `work`. */
  share(key: string, work: () => Promise<T>): Promise<T>;
  /** What begins from now on: after what runs already, which may have looked too early. */
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
      // Nobody may be waiting.
      runs.next.catch(() => undefined);
      return runs.next;
    },
  };
}
