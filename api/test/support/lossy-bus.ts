import { type Bus, openBus } from "#events/bus.ts";

export interface LossyBus {
  /** As a process opens its bus. */
  openBus(databaseUrl: string): Promise<Bus>;
  /** Notifications of these kinds no longer reach the process, which does not notice. */
  lose(...kinds: string[]): void;
  /** Every notification arrives again. */
  restore(): void;
  /** Resolves when the next notification of one of these kinds has reached the process. */
  nextOf(...kinds: string[]): Promise<void>;
}

/** A bus of one process on which a test can lose the notifications of a kind, or wait for one. */
export function createLossyBus(): LossyBus {
  const lost = new Set<string>();
  const waiting: { kinds: readonly string[]; resolve(): void }[] = [];

  function noteArrival(kind: string): void {
    for (const entry of waiting.filter(({ kinds }) => kinds.includes(kind))) {
      waiting.splice(waiting.indexOf(entry), 1);
      entry.resolve();
    }
  }

  return {
    async openBus(databaseUrl) {
      const bus = await openBus(databaseUrl);
      return {
        ...bus,
        listen: (kind, listener) =>
          bus.listen(kind, (topic) => {
            if (lost.has(kind)) return;
            listener(topic);
            if (topic !== null) noteArrival(kind);
          }),
      };
    },
    lose: (...kinds) => kinds.forEach((kind) => lost.add(kind)),
    restore: () => lost.clear(),
    nextOf: (...kinds) => new Promise((resolve) => waiting.push({ kinds, resolve })),
  };
}
