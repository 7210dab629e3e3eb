/** What happened when and where, over all processes of a cluster: they share the system's monotonic clock. */
export interface TimelineEvent {
  atMs: number;
  /** A process, the authorization server, or the test. */
  where: string;
  what: string;
}

export interface Timeline {
  add(where: string, what: string, atMs?: number): void;
  /** Forgets what was, and begins to count anew. */
  restart(): void;
  /** In the order of their times. */
  readonly events: readonly TimelineEvent[];
  print(title: string): void;
}

/** Milliseconds of the system's monotonic clock, whatever `Date` is made to say. */
export function readMonotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function createTimeline(): Timeline {
  let events: TimelineEvent[] = [];
  let startMs = readMonotonicMs();
  const sorted = () => events.toSorted((one, other) => one.atMs - other.atMs);
  return {
    add(where, what, atMs = readMonotonicMs()) {
      events.push({ atMs, where, what });
    },
    restart() {
      events = [];
      startMs = readMonotonicMs();
    },
    get events() {
      return sorted();
    },
    print(title) {
      const lines = sorted().map(
        ({ atMs, where, what }) =>
          `${(atMs - startMs).toFixed(0).padStart(7)} ms  ${where.padEnd(22)} ${what}`,
      );
      console.log([title, ...lines].join("\n"));
    },
  };
}
