import { setTimeout as delay } from "node:timers/promises";
import { isRewritten, markOf, type Position } from "./cursor.ts";
import { isContinuation, type LoggedEvent, type LogHead, type LogPage } from "./log.ts";
import { createReader, type LogReader, pageSize, type Ring } from "./log-reader.ts";
import { doRegularly } from "./regularly.ts";

/** The log as it is read here; each of these rejects while the database is away. */
export interface LogSource {
  readPage(workspaceId: string, after: bigint, most: number): Promise<LogPage | null>;
  readHeads(workspaceIds: readonly string[]): Promise<LogHead[]>;
}

export interface TailsDeps extends LogSource {
  /** Calls back with the workspace whose log grew, with null when word of some may have been lost; returns what ends it. */
  onGrown(listener: (workspaceId: string | null) => void): () => void;
  /** The newest events of this log have disappeared, as after the restoring of a back-up: nobody is told before this has ended it. */
  endEpoch(workspaceId: string, epoch: string): Promise<void>;
  /** Behind the word that a log grew, which may be lost. */
  pollMs?: number;
  /** Is told of events that were new to this process. */
  onRead?(events: readonly LoggedEvent[]): void;
  /** How many events of a workspace are kept in memory. */
  ringSize?: number;
}

/** The ends of the logs that somebody follows, each read once for all who follow it. */
export interface Tails {
  /**
   * @param from after which event to begin, in the log of the head's epoch
   * @param head where the log was seen to end; its epoch is the one that is followed
   */
  open(from: Pick<Position, "seq" | "mark">, head: LogHead): LogReader;
  /** How many read here. */
  countReaders(): number;
  close(): void;
}

/** The newest events of one log, and who waits for the next. */
interface Tail extends LogHead, Ring {
  ringAfter: bigint;
  ring: LoggedEvent[];
  isLost: boolean;
  readers: Set<LogReader & { wake(): void }>;
  /** Its newest events have disappeared or were replaced: nothing more is read, and its readers are told soon. */
  isTruncated: boolean;
  isReading: boolean;
  /** The log may have grown since the reading that is under way began. */
  isBehind: boolean;
  grewSincePoll: boolean;
}

/**
 * However many subscribers stand at the end of a log, word of its growth costs one statement: it is read once, into a ring of bounded
 * length. Who is further behind than the ring, or slow, reads pages of its own, and holds no more than one.
 */
export function createTails(deps: TailsDeps): Tails {
  const { ringSize = 256, pollMs = 1_000 } = deps;
  /** More than one of a workspace only while readers of a log from before a restored back-up are finding out. */
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

  /** Reads what is new; while that is under way, further calls cost one more reading, not many. */
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
      // The poll comes back to it.
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

  /** One reading for all who stand at the same place at the same time, as many do when another process has ended. */
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
    // What a statement sees is no older than what had been read when it was sent.
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
        // A log that rests takes no memory.
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
    // Nobody was told of what came between the reading of the head and now.
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
