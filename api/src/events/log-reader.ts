import { markOf, type Position } from "./cursor.ts";
import { isContinuation, type LoggedEvent, type LogPage } from "./log.ts";

export const pageSize = 100;

/** Events, oldest first; or why no more will come: the reader was closed, or the log is another one or begins later than it read. */
export type Reading =
  | { kind: "events"; events: readonly LoggedEvent[] }
  | { kind: "closed" }
  | { kind: "lost" };

/** Goes through one log from one place. */
export interface LogReader {
  /** What comes next, each event once and in order; waits for it. Called again only once it has answered. */
  read(): Promise<Reading>;
  /** Ends a `read` that waits, and every later one. */
  close(): void;
}

/** The newest events of a log, as they are shared by all who read it. */
export interface Ring extends Position {
  /** Everything after it up to `seq` is in `ring`, without a hole. */
  readonly ringAfter: bigint;
  readonly ring: readonly LoggedEvent[];
  readonly isLost: boolean;
}

export interface ReaderDeps {
  /** For what is no longer in the ring. Rejects while the database is away. */
  readPage(after: bigint): Promise<LogPage | null>;
  pollMs: number;
  onClosed(): void;
}

/** @returns the reader, and what wakes it when the ring has grown or is lost */
export function createReader(
  tail: Ring,
  { seq: from, mark: fromMark }: Pick<Position, "seq" | "mark">,
  deps: ReaderDeps,
): LogReader & { wake(): void } {
  let place = from;
  let mark = fromMark;
  let isOver = false;
  let wake = () => {};

  function hand(events: readonly LoggedEvent[]): Reading {
    const last = events.at(-1);
    if (last) [place, mark] = [last.seq, markOf(last.id)];
    return { kind: "events", events };
  }

  /** Until woken; or for so long. */
  function wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    wake: () => wake(),
    async read() {
      for (;;) {
        if (isOver) return { kind: "closed" };
        if (tail.isLost) return { kind: "lost" };
        if (place >= tail.seq) await wait();
        else if (place >= tail.ringAfter) {
          const begin = Number(place - tail.ringAfter);
          return hand(tail.ring.slice(begin, begin + pageSize));
        } else {
          const page = await deps.readPage(place).catch(() => "away" as const);
          if (page === "away") await wait(deps.pollMs);
          else if (!page || !isContinuation(page, { epoch: tail.epoch, seq: place, mark }))
            return { kind: "lost" };
          else if (page.events.length > 0 && !isOver) return hand(page.events);
        }
      }
    },
    close() {
      isOver = true;
      deps.onClosed();
      wake();
    },
  };
}
