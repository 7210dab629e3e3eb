/** What is asked of the log costs the same however long it is: told by the pages that PostgreSQL looks at, not by time. */
import { openDatabase, type Database } from "@gatehouse/prisma";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHeads, readPage } from "#events/log.ts";
import { createTails } from "#events/tail.ts";
import { createAccess } from "#services/access/access.ts";
import type { EventFilter } from "#services/event/event-selection.ts";
import { createWorkspaceEvents, type EventPageRequest } from "#services/event/workspace-events.ts";
import { readCursorAt } from "./support/cursor-at.ts";
import { createTestDatabase } from "./support/database.ts";
import { countPages } from "./support/pages-read.ts";
import { type SeededLog, seedLog } from "./support/seed-log.ts";

const isFull = Boolean(process.env["GATEHOUSE_TEST_FULL"]);
const [shortLength, longLength] = isFull ? [200_000, 10_000_000] : [2_000, 200_000];
/** Less than the short log's length, as the product's is less than that of a log that is called long. */
const scanLimit = isFull ? 50_000 : 1_000;

const resources = new AsyncDisposableStack();

interface Log extends SeededLog {
  db: Database;
  list(page: Partial<EventPageRequest>, filter?: Partial<EventFilter>): Promise<unknown>;
  /** Subscribes, and leaves after so many events. */
  follow(after: string, count: number): Promise<void>;
  /** At a share of its length. */
  cursorAt(share: number): string;
}

/** Rights cost nothing here. */
const roles = {
  watch: () => ({ read: () => "OWNER" as const, [Symbol.dispose]() {} }),
  close() {},
};
const everything: EventFilter = { types: null, serverId: null, onlyMine: false };

async function openLog(length: number): Promise<Log> {
  const { url } = resources.use(await createTestDatabase());
  // What helpers of the connection's read would not be counted as its own.
  const options = encodeURIComponent("-c max_parallel_workers_per_gather=0");
  const db = openDatabase(`${url}?query_timeout=600000&options=${options}`, 1);
  resources.defer(() => db.$disconnect());
  const seeded = await seedLog(db, length);
  const tails = createTails({
    readPage: (workspaceId, after, most) =>
      readPage((text, values) => db.$queryRawUnsafe(text, ...values), workspaceId, after, most),
    readHeads: (workspaceIds) => readHeads(db, workspaceIds),
    onGrown: () => () => {},
    endEpoch: () => expect.unreachable(),
  });
  resources.defer(() => tails.close());
  const events = createWorkspaceEvents({ db, tails, roles, access: createAccess(db), scanLimit });
  const caller = { userId: seeded.ownerId };
  const cursors = new Map<number, string>();
  for (const share of [0, 0.4, 0.5, 0.6, 0.9]) {
    const seq = BigInt(Math.floor(length * share));
    cursors.set(share, await readCursorAt(db, seeded.workspaceId, seq));
  }
  return {
    ...seeded,
    db,
    list: (page, filter) =>
      events.list(
        caller,
        seeded.workspaceId,
        { first: null, after: null, last: null, before: null, ...page },
        { ...everything, ...filter },
      ),
    async follow(after, count) {
      let seen = 0;
      const results = await events.subscribe(caller, seeded.workspaceId, after, everything);
      for await (const _event of results) {
        seen += 1;
        if (seen === count) return;
      }
    },
    cursorAt: (share) => cursors.get(share) ?? expect.unreachable(),
  };
}

let short: Log;
let long: Log;

beforeAll(async () => {
  short = await openLog(shortLength);
  long = await openLog(longLength);
}, 1_200_000);
afterAll(() => resources.disposeAsync(), 120_000);

const rows: { what: string; short: number; long: number }[] = [];
afterAll(() => {
  const lines = rows.map(
    (row) =>
      `${row.what.padEnd(60)} ${String(row.short).padStart(6)} ${String(row.long).padStart(6)}`,
  );
  console.log([`pages read in a log of ${shortLength} and of ${longLength}`, ...lines].join("\n"));
});

/** An index of ten million is a few levels deeper than one of two thousand: a page for each look-up that goes through it. */
const deeper = 3;

async function expectFlat(what: string, run: (log: Log) => Promise<unknown>): Promise<void> {
  const pages = {
    short: await countPages(short.db, () => run(short)),
    long: await countPages(long.db, () => run(long)),
  };
  rows.push({ what, ...pages });
  expect(pages.short).toBeGreaterThan(0);
  expect(pages.long).toBeLessThanOrEqual(pages.short * 1.5 + 3 * deeper);
}

const filters: [string, (log: Log) => Partial<EventFilter>][] = [
  ["everything", () => ({})],
  ["a type that is frequent", () => ({ types: ["TOOL_EXECUTED"] })],
  ["types of which one is rare", () => ({ types: ["OAUTH_STATE_CHANGED", "SERVER_DELETED"] })],
  ["a server", ({ busyServerId }) => ({ serverId: busyServerId })],
  ["what is mine", () => ({ onlyMine: true })],
  ["a type that is rare", () => ({ types: ["SERVER_DELETED"] })],
  ["a server of which there is little", ({ rareServerId }) => ({ serverId: rareServerId })],
];

describe.each(filters)("%s", (what, filterOf) => {
  it.each([
    ["first", (_log: Log) => ({ first: 50 })],
    ["first after the middle", (log: Log) => ({ first: 50, after: log.cursorAt(0.4) })],
    ["last", (_log: Log) => ({ last: 50 })],
    ["last before the middle", (log: Log) => ({ last: 50, before: log.cursorAt(0.6) })],
  ])("a page costs the same in a long log: %s", async (place, pageOf) => {
    await expectFlat(`${what}, ${place}`, (log) => log.list(pageOf(log), filterOf(log)));
  });
});

it.each([0, 0.5, 0.9])(
  "E1 a subscription that resumes after %d of the log costs the same",
  async (share) => {
    await expectFlat(`resume after ${share}, 150 events`, (log) =>
      log.follow(log.cursorAt(share), 150),
    );
  },
);
