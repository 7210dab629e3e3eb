/** Limits the number of connections that each viewer can have open at the same time. */
export interface ConnectionLimit {
  /**
   * Takes a place for `key`; null if none is free. The returned function gives the place back,
   * once.
   */
  take(key: string): (() => void) | null;
}

export function createConnectionLimit(maxPerKey: number): ConnectionLimit {
  const counts = new Map<string, number>();
  return {
    take(key) {
      const count = counts.get(key) ?? 0;
      if (count >= maxPerKey) return null;
      counts.set(key, count + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
    },
  };
}
