import { setTimeout as delay } from "node:timers/promises";
import { isRewritten, markOf, type Position } from "./cursor.ts";
import { isContinuation, type LoggedEvent, type LogHead, type LogPage } from "./log.ts";
import { createReader, type LogReader, pageSize, type Ring } from "./log-reader.ts";
import { doRegularly } from "./regularly.ts";

/** Reads the log. Each method rejects while the database is unavailable. */
export interface LogSource {
  readPage(workspaceId: string, after: bigint, most: number): Promise<LogPage | null>;
  readHeads(workspaceIds: readonly string[]): Promise<LogHead[]>;
}

export interface TailsDeps extends LogSource {
  /**
   * Calls back with the id of a workspace whose log has grown, and with null if notifications may
   * have been lost. Returns a function that stops the calls.
   */
  onGrown(listener: (workspaceId: string | null) => void): () => void;
  /**
   * Called when the newest events of a log have disappeared, for example because a backup was
   * restored. Readers are only notified after it has resolved.
   */
  endEpoch(workspaceId: string, epoch: string): Promise<void>;
  /** The interval of the poll that covers lost notifications, in milliseconds. */
  pollMs?: number;
  /** Called with events that are new to this process. */
  onRead?(events: readonly LoggedEvent[]): void;
  /** The number of events of a workspace that are kept in memory. */
  ringSize?: number;
}

/** The ends of the logs that are being followed. Each log is read once for all of its readers. */
export interface Tails {
  /**
   * @param from the position after which to begin, in the epoch of the head
   * @param head the end of the log as it was read; its epoch is followed
   */
  open(from: Pick<Position, "seq" | "mark">, head: LogHead): LogReader;
  /** The number of readers in this process. */
  countReaders(): number;
  close(): void;
}

/** The newest events of one log, and the readers that wait for the next ones. */
interface Tail extends LogHead, Ring {
  ringAfter: bigint;
  ring: LoggedEvent[];
  isLost: boolean;
  readers: Set<LogReader & { wake(): void }>;
  /**
   * Whether the newest events have disappeared or were replaced. Nothing more is read, and the
   * readers are notified soon.
   */
  isTruncated: boolean;
  isReading: boolean;
  /** Whether the log may have grown since the current read began. */
  isBehind: boolean;
  grewSincePoll: boolean;
}

/**
 * A notification that a log has grown costs one statement, whatever the number of subscribers at
 * its end: the log is read once, into a ring of bounded length. A subscriber that is further behind
 * reads its own pages and holds at most one of them.
 */
export function createTails(deps: TailsDeps): Tails {
  const { ringSize = 256, pollMs = 1_000 } = deps;
  /**
   * A workspace has more than one only while readers of the log before a restored backup are being
   * notified.
   */
  const tails = new Map<string, Set<Tail>>();
  const pages = new Map<string, Promise<LogPage | null>>();
  let isClosed = false;

  function wakeReaders(tail: Tail): void {
    for (const reader of tail.readers) reader.wake();
  }

  function startTail(head: LogHead): Tail {
    const tail: Tail = {
      ...head,
      ringAfter: head.seq,
      ring: [],
      readers: new Set(),
      isLost: false,
      isTruncated: false,
      isReading: false,
      isBehind: false,
      grewSincePoll: false,
    };
    const siblings = tails.get(head.workspaceId) ?? new Set();
    tails.set(head.workspaceId, siblings.add(tail));
    return tail;
  }

  function forget(tail: Tail): void {
    const siblings = tails.get(tail.workspaceId);
    siblings?.delete(tail);
    if (siblings?.size === 0) tails.delete(tail.workspaceId);
  }

  function lose(tail: Tail): void {
    tail.isLost = true;
    forget(tail);
    wakeReaders(tail);
  }

  async function loseTruncated(tail: Tail): Promise<void> {
    if (tail.isTruncated) return;
    tail.isTruncated = true;
    for (let isDone = false; !isDone && !isClosed;) {
      isDone = await deps.endEpoch(tail.workspaceId, tail.epoch).then(
        () => true,
        () => delay(pollMs, false, { ref: false }),
      );
    }
    lose(tail);
  }

  /** Reads new events. Any number of calls during a read cause one further read. */
  function look(tail: Tail): void {
    tail.isBehind = true;
    if (!tail.isReading) void catchUp(tail);
  }

  async function catchUp(tail: Tail): Promise<void> {
    tail.isReading = true;
    try {
      while (tail.isBehind && !tail.isLost && !tail.isTruncated && tail.readers.size > 0) {
        tail.isBehind = false;
        const page = await deps.readPage(tail.workspaceId, tail.seq, pageSize);
        if (tail.isTruncated) return;
        const isOther = page && (page.seq < tail.seq || isRewritten(tail.mark, page.markBefore));
        if (page?.epoch === tail.epoch && isOther) void loseTruncated(tail);
        else if (!page || !isContinuation(page, tail)) lose(tail);
        else if (page.events.length > 0) append(tail, page);
      }
    } catch {
      // The poll retries it.
    } finally {
      tail.isReading = false;
    }
  }

  function append(tail: Tail, page: LogPage): void {
    deps.onRead?.(page.events);
    tail.ring.push(...page.events);
    const last = page.events.at(-1);
    if (last) Object.assign(tail, { seq: last.seq, mark: markOf(last.id) });
    tail.grewSincePoll = true;
    if (tail.seq < page.seq) tail.isBehind = true;
    const surplus = tail.ring.length - ringSize;
    if (surplus > 0) tail.ringAfter = tail.ring.splice(0, surplus).at(-1)?.seq ?? tail.ringAfter;
    wakeReaders(tail);
  }

  /**
   * One read for all readers at the same position, because many readers have the same position
   * after another process has ended.
   */
  function readOwnPage(tail: Tail, after: bigint): Promise<LogPage | null> {
    const key = `${tail.workspaceId}:${after}`;
    const running = pages.get(key);
    if (running) return running;
    const page = deps
      .readPage(tail.workspaceId, after, pageSize)
      .finally(() => void pages.delete(key));
    pages.set(key, page);
    return page;
  }

  async function poll(): Promise<void> {
    // The result of a statement is at least as new as what had been read when it was sent.
    const known = [...tails.values()].flatMap((siblings) =>
      Array.from(siblings, (tail) => ({ tail, seq: tail.seq, mark: tail.mark })),
    );
    if (known.length === 0) return;
    const heads = new Map<string, LogHead>();
    for (const head of await deps.readHeads([...tails.keys()])) heads.set(head.workspaceId, head);
    for (const { tail, seq, mark } of known) {
      const head = heads.get(tail.workspaceId);
      if (tail.isLost) continue;
      if (head?.epoch !== tail.epoch) lose(tail);
      else if (head.seq < seq || (head.seq === seq && isRewritten(mark, head.mark)))
        void loseTruncated(tail);
      else if (head.seq > tail.seq) look(tail);
      else if (!tail.grewSincePoll) {
        // A log without new events uses no memory.
        tail.ring = [];
        tail.ringAfter = tail.seq;
      }
      tail.grewSincePoll = false;
    }
  }

  function open(from: Pick<Position, "seq" | "mark">, head: LogHead): LogReader {
    const known = [...(tails.get(head.workspaceId) ?? [])].find(
      ({ epoch }) => epoch === head.epoch,
    );
    const tail = known ?? startTail(head);
    const reader = createReader(tail, from, {
      readPage: (after) => readOwnPage(tail, after),
      pollMs,
      onClosed() {
        tail.readers.delete(reader);
        if (tail.readers.size === 0) forget(tail);
      },
    });
    tail.readers.add(reader);
    // No notification was received for events between the read of the head and now.
    if (!known || head.seq > tail.seq) look(tail);
    return reader;
  }

  const polling = doRegularly(poll, pollMs);
  const stopListening = deps.onGrown((workspaceId) => {
    const grown = workspaceId === null ? [...tails.values()] : [tails.get(workspaceId) ?? []];
    for (const siblings of grown) for (const tail of siblings) look(tail);
  });

  return {
    open,
    countReaders() {
      let count = 0;
      for (const siblings of tails.values())
        for (const { readers } of siblings) count += readers.size;
      return count;
    },
    close() {
      isClosed = true;
      stopListening();
      polling[Symbol.dispose]();
      for (const tail of [...tails.values()].flatMap((siblings) => [...siblings]))
        for (const reader of tail.readers) reader.close();
    },
  };
}
