import { markOf, type Position } from "./cursor.ts";
import { isContinuation, type LoggedEvent, type LogPage } from "./log.ts";

export const pageSize = 100;

/**
 * Events, oldest first, or the reason why there are no more: the reader was closed, or the log was
 * replaced or now begins after the reader's position.
 */
export type Reading =
  | { kind: "events"; events: readonly LoggedEvent[] }
  | { kind: "closed" }
  | { kind: "lost" };

/** Reads one log from one position. */
export interface LogReader {
  /**
   * Resolves to the next events, each once and in order, and waits for them. Call it again only
   * after it has resolved.
   */
  read(): Promise<Reading>;
  /** Ends a pending `read` and every later one. */
  close(): void;
}

/** The newest events of a log, shared by all of its readers. */
export interface Ring extends Position {
  /** `ring` contains all events after this position up to `seq`, without gaps. */
  readonly ringAfter: bigint;
  readonly ring: readonly LoggedEvent[];
  readonly isLost: boolean;
}

export interface ReaderDeps {
  /** For events that are no longer in the ring. Rejects while the database is unavailable. */
  readPage(after: bigint): Promise<LogPage | null>;
  pollMs: number;
  onClosed(): void;
}

/** @returns the reader, and a function that wakes it when the ring has grown or was dropped */
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

  /** Waits until the reader is woken, or for this time. */
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
