import { describe, expect, it } from "vitest";
import { markOf } from "./cursor.ts";
import type { LoggedEvent, LogHead } from "./log.ts";
import type { LogReader } from "./log-reader.ts";
import { createTails, type TailsDeps } from "./tail.ts";

const workspaceId = "w";

/** A log in memory, and how often it was asked. */
function createLog() {
  const log = {
    epoch: "e1",
    /** Raised when rows are written anew in place. */
    writing: 1,
    events: [] as LoggedEvent[],
    /** Raised by `remove`, for those numbers are not given out again. */
    seq: 0n,
    pages: [] as bigint[],
    polls: 0,
    isAway: false,
    truncated: [] as string[],
    grow: (_workspaceId: string | null) => {},
    /** A place, as a cursor names it. */
    at: (seq: bigint) => ({
      seq,
      mark: log.events.filter((event) => event.seq === seq).map(({ id }) => markOf(id))[0] ?? "",
    }),
    head: (): LogHead => ({ workspaceId, epoch: log.epoch, ...log.at(log.seq) }),
    append(count: number) {
      for (let i = 0; i < count; i += 1) {
        log.seq += 1n;
        // What the tail looks at, and nothing else.
        log.events.push({
          seq: log.seq,
          id: `${log.writing}-${log.seq}`.padStart(12),
        } as LoggedEvent);
      }
    },
    /** Appends, and says so. */
    tell(count: number) {
      log.append(count);
      log.grow(workspaceId);
    },
  };
  const answer = async <T>(read: () => T): Promise<T> => {
    if (log.isAway) throw new Error("the database is away");
    const result = read();
    await Promise.resolve();
    return result;
  };
  const deps: TailsDeps = {
    readPage(_id, after, most) {
      log.pages.push(after);
      return answer(() => ({
        epoch: log.epoch,
        seq: log.seq,
        markBefore: log.at(after).mark,
        events: log.events.filter(({ seq }) => seq > after).slice(0, most),
      }));
    },
    readHeads(ids) {
      log.polls += 1;
      return answer(() => ids.map(() => log.head()));
    },
    onGrown(listener) {
      log.grow = listener;
      return () => {};
    },
    endEpoch: (_id, epoch) => answer(() => void log.truncated.push(epoch)),
    ringSize: 150,
    // Only what a test waits for comes by the poll.
    pollMs: 20,
  };
  return { log, deps };
}

async function take(reader: LogReader, count: number): Promise<bigint[]> {
  const seen: bigint[] = [];
  while (seen.length < count) {
    const reading = await reader.read();
    if (reading.kind !== "events") throw new Error(`ended: ${reading.kind}`);
    seen.push(...reading.events.map(({ seq }) => seq));
  }
  return seen;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => BigInt(from + i));

describe("followers at the end of a log", () => {
  it("E1 cost one statement for each growth, however many they are", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    const readers = Array.from({ length: 1_000 }, () => tails.open(log.at(0n), log.head()));
    const first = readers.map((reader) => take(reader, 1));
    log.tell(1);
    expect(new Set((await Promise.all(first)).flat())).toEqual(new Set([1n]));
    // The first look, and the one after the word.
    expect(log.pages.length).toBeLessThanOrEqual(2);
    const before = log.pages.length;
    const second = readers.map((reader) => take(reader, 3));
    log.tell(3);
    for (const seen of await Promise.all(second)) expect(seen).toEqual([2n, 3n, 4n]);
    expect(log.pages.length).toBe(before + 1);
    tails.close();
  });

  it("E1 miss nothing that came between the reading of the head and the opening", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    const head = log.head();
    log.append(2);
    expect(await take(tails.open(log.at(0n), head), 2)).toEqual([1n, 2n]);
    const later = log.head();
    log.append(1);
    // The head is ahead of what the others have read.
    expect(await take(tails.open(log.at(later.seq), log.head()), 0)).toEqual([]);
    expect(await take(tails.open(log.at(0n), log.head()), 3)).toEqual([1n, 2n, 3n]);
    tails.close();
  });

  it("E1 find by the poll what nobody told them, in one statement for all", async () => {
    const { log, deps } = createLog();
    const tails = createTails(deps);
    const readers = Array.from({ length: 10 }, () => tails.open(log.at(0n), log.head()));
    await expect.poll(() => log.polls).toBeGreaterThan(1);
    const before = log.pages.length;
    log.append(2);
    for (const reader of readers) expect(await take(reader, 2)).toEqual([1n, 2n]);
    expect(log.pages.length).toBe(before + 1);
    tails.close();
  });
});

describe("who is behind", () => {
  it("E1 pages by itself up to the ring, and goes over to it without a gap", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    log.append(450);
    const fast = tails.open(log.at(log.seq), log.head());
    const late = tails.open(log.at(0n), log.head());
    log.tell(70);
    expect(await take(fast, 70)).toEqual(numbers(451, 520));
    expect(await take(late, 520)).toEqual(numbers(1, 520));
    log.tell(1);
    expect(await take(late, 1)).toEqual([521n]);
    tails.close();
  });

  it("E1 is served from the log once the ring is past it, so that a slow one costs no memory", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    const fast = tails.open(log.at(0n), log.head());
    const slow = tails.open(log.at(0n), log.head());
    for (let round = 0; round < 10; round += 1) {
      log.tell(60);
      await take(fast, 60);
    }
    const before = log.pages.length;
    expect(await take(slow, 600)).toEqual(numbers(1, 600));
    // 450 are in pages of a hundred, the rest in the ring.
    expect(log.pages.slice(before)).toEqual([0n, 100n, 200n, 300n, 400n]);
    tails.close();
  });

  it("reads a page once for all who stand at the same place", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    log.append(100);
    const readers = Array.from({ length: 50 }, () => tails.open(log.at(0n), log.head()));
    const all = await Promise.all(readers.map((reader) => take(reader, 100)));
    for (const seen of all) expect(seen).toEqual(numbers(1, 100));
    expect(log.pages.filter((after) => after === 0n)).toHaveLength(1);
    tails.close();
  });

  it("keeps nothing of a log that rests", async () => {
    const { log, deps } = createLog();
    const tails = createTails(deps);
    const [fast, slow] = [tails.open(log.at(0n), log.head()), tails.open(log.at(0n), log.head())];
    log.tell(5);
    await take(fast, 5);
    const polls = log.polls;
    await expect.poll(() => log.polls).toBeGreaterThan(polls + 2);
    const before = log.pages.length;
    expect(await take(slow, 5)).toEqual(numbers(1, 5));
    expect(log.pages.slice(before)).toEqual([0n]);
    tails.close();
  });
});

describe("what goes wrong", () => {
  it("E1 reads on from where it was when the database was away for a moment", async () => {
    const { log, deps } = createLog();
    const tails = createTails(deps);
    log.append(10);
    const behind = tails.open(log.at(0n), log.head());
    const atEnd = tails.open(log.at(10n), log.head());
    log.isAway = true;
    const readings = [take(behind, 12), take(atEnd, 2)];
    log.tell(2);
    await expect.poll(() => log.polls).toBeGreaterThan(2);
    log.isAway = false;
    expect(await Promise.all(readings)).toEqual([numbers(1, 12), [11n, 12n]]);
    tails.close();
  });

  it("E1 says so when the log has another epoch, at the end of it and behind", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    log.append(10);
    const [behind, atEnd] = [
      tails.open(log.at(0n), log.head()),
      tails.open(log.at(10n), log.head()),
    ];
    const waiting = atEnd.read();
    log.epoch = "e2";
    expect(await behind.read()).toEqual({ kind: "lost" });
    log.grow(null);
    expect(await waiting).toEqual({ kind: "lost" });
    // Who comes now follows the new one.
    const anew = tails.open(log.at(10n), log.head());
    log.tell(1);
    expect(await take(anew, 1)).toEqual([11n]);
    expect(log.truncated).toEqual([]);
    tails.close();
  });

  it.each(["by the poll", "by the next word of growth"])(
    "E1 says so when the newest events have disappeared: %s",
    async (how) => {
      const { log, deps } = createLog();
      const tails = createTails(how === "by the poll" ? deps : { ...deps, pollMs: 60_000 });
      const reader = tails.open(log.at(0n), log.head());
      log.tell(10);
      await take(reader, 10);
      log.events.splice(5);
      log.seq = 5n;
      if (how !== "by the poll") log.tell(2);
      expect(await reader.read()).toEqual({ kind: "lost" });
      expect(log.truncated).toEqual(["e1"]);
      tails.close();
    },
  );

  it.each(["by the poll", "by the next word of growth"])(
    "E10 says so when the newest events were written anew in place: %s",
    async (how) => {
      const { log, deps } = createLog();
      const tails = createTails(how === "by the poll" ? deps : { ...deps, pollMs: 60_000 });
      const reader = tails.open(log.at(0n), log.head());
      log.tell(10);
      await take(reader, 10);
      log.events.splice(5);
      log.seq = 5n;
      log.writing = 2;
      // As many as there were, or more.
      if (how === "by the poll") log.append(5);
      else log.tell(7);
      expect(await reader.read()).toEqual({ kind: "lost" });
      expect(log.truncated).toEqual(["e1"]);
      tails.close();
    },
  );

  it("E10 says so to a reader behind the ring whose last event was written anew", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    log.append(300);
    const slow = tails.open(log.at(0n), log.head());
    expect((await take(slow, 100)).at(-1)).toBe(100n);
    log.events.splice(50);
    log.seq = 50n;
    log.writing = 2;
    log.append(250);
    expect(await slow.read()).toEqual({ kind: "lost" });
    tails.close();
  });

  it("E1 says so when what comes next is no longer kept", async () => {
    const { log, deps } = createLog();
    const tails = createTails({ ...deps, pollMs: 60_000 });
    log.append(10);
    const [some, all] = [tails.open(log.at(3n), log.head()), tails.open(log.at(10n), log.head())];
    log.events.splice(0, 5);
    expect(await some.read()).toEqual({ kind: "lost" });
    log.append(3);
    log.events.splice(0);
    log.grow(workspaceId);
    expect(await all.read()).toEqual({ kind: "lost" });
    tails.close();
  });

  it("ends a reader that is closed while it waits, and the last one ends the reading", async () => {
    const { log, deps } = createLog();
    const tails = createTails(deps);
    const reader = tails.open(log.at(0n), log.head());
    const waiting = reader.read();
    reader.close();
    expect(await waiting).toEqual({ kind: "closed" });
    expect(await reader.read()).toEqual({ kind: "closed" });
    const { polls } = log;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(log.polls).toBe(polls);
    tails.close();
  });
});
