import { type Database, openDatabase } from "@gatehouse/prisma";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ExecutionQuery, readExecutionIds } from "#storage/execution-pages.ts";
import { createTestDatabase } from "./support/database.ts";

const isFull = Boolean(process.env["GATEHOUSE_TEST_FULL"]);
/** A long history. */
const longest = isFull ? 1_000_000 : 50_000;

const resources = new AsyncDisposableStack();
let db: Database;
const [adaId, bobId] = [uuidv7(), uuidv7()];

/** Of every hundred runs one is Bob's and one timed out; a server has every second one. */
async function seed(count: number) {
  const { id: workspaceId } = await db.workspace.create({ data: { slug: uuidv7(), name: "W" } });
  const [serverId, otherId] = [uuidv7(), uuidv7()];
  for (const id of [serverId, otherId])
    await db.mcpServer.create({ data: { id, workspaceId, name: "S", url: "http://s.example" } });
  // No statement of ours may take longer than half a minute.
  for (let from = 1; from <= count; from += 50_000)
    await db.$executeRaw`
    INSERT INTO "ToolExecution" ("id", "toolName", "status", "ownerId", "startedById", "workspaceId", "serverId", "result")
    SELECT uuidv7(make_interval(secs => i - ${count}::int)), 'tool' || i % 7,
      (CASE WHEN i % 100 = 0 THEN 'TIMED_OUT' ELSE 'SUCCEEDED' END)::"ToolExecutionStatus",
      ${workspaceId}::uuid, (CASE WHEN i % 100 = 50 THEN ${bobId} ELSE ${adaId} END)::uuid, ${workspaceId}::uuid,
      (CASE WHEN i % 2 = 0 THEN ${serverId} ELSE ${otherId} END)::uuid, decode(repeat('ab', 300), 'hex')
    FROM generate_series(${from}::int, ${Math.min(count, from + 49_999)}::int) i`;
  const query: ExecutionQuery = {
    workspaceId,
    startedById: null,
    serverId: null,
    status: null,
    toolName: null,
  };
  return { query, serverId };
}

beforeAll(async () => {
  const database = resources.use(await createTestDatabase());
  // One connection, so that what was counted is flushed by the one that counted it.
  db = openDatabase(database.url, 1);
  resources.defer(() => db.$disconnect());
});
afterAll(() => resources.disposeAsync());

/** Blocks of the table and its indexes that were looked at for a page. */
async function countBlocks(read: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    await db.$queryRaw`SELECT pg_stat_force_next_flush()::text`;
    const [row] = await db.$queryRaw<{ blocks: number }[]>`
      SELECT (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int AS "blocks"
      FROM pg_statio_user_tables WHERE relname = 'ToolExecution'`;
    return row?.blocks ?? Number.NaN;
  };
  // What the database does on its own meanwhile is not the page's: the least of a few readings is.
  let least = Infinity;
  for (let reading = 0; reading < 3; reading += 1) {
    const before = await count();
    await read();
    least = Math.min(least, (await count()) - before);
  }
  return least;
}

it(
  "a page costs the same however long the history is, with and without filters, the first, one in the middle and the last",
  { timeout: 600_000 },
  async () => {
    const few = await seed(1_000);
    const many = await seed(longest);
    await db.$executeRaw`VACUUM ANALYZE "ToolExecution"`;
    const kinds: [string, (of: typeof few) => Partial<ExecutionQuery>][] = [
      ["all", () => ({})],
      ["a member's own", () => ({ startedById: bobId })],
      ["a server's", ({ serverId }) => ({ serverId })],
      ["a tool's", () => ({ toolName: "tool3" })],
      ["a rare outcome", () => ({ status: ["TIMED_OUT"] })],
      ["one that never came", () => ({ status: ["INTERRUPTED"] })],
      ["a member's at a server", ({ serverId }) => ({ startedById: adaId, serverId })],
    ];
    for (const [what, kind] of kinds) {
      const read = (of: typeof few, beforeId: string | null) =>
        readExecutionIds(db, { ...of.query, ...kind(of) }, { beforeId, most: 21, scanLimit: 900 });
      const placeOf = (of: typeof few, offset: number) =>
        db.toolExecution.findFirstOrThrow({
          where: { workspaceId: of.query.workspaceId },
          orderBy: { id: "desc" },
          skip: offset,
          select: { id: true },
        });
      const cost = await countBlocks(() => read(few, null));
      expect(cost, what).toBeGreaterThan(0);
      const middle = await placeOf(many, longest / 2);
      const end = await placeOf(many, longest - 20);
      for (const beforeId of [null, middle.id, end.id]) {
        const blocks = await countBlocks(() => read(many, beforeId));
        expect(blocks, what).toBeLessThan(cost + 15);
      }
    }
  },
);

it("goes on where it stopped, and misses nothing", async () => {
  const { query } = await seed(2_000);
  const wanted = { ...query, status: ["TIMED_OUT" as const] };
  const seen: string[] = [];
  let beforeId: string | null = null;
  let pages = 0;
  for (;;) {
    const page = await readExecutionIds(db, wanted, { beforeId, most: 4, scanLimit: 150 });
    pages += 1;
    seen.push(...page.ids);
    const next = page.stoppedAtId ?? page.ids[3] ?? null;
    if (next === null) break;
    beforeId = next;
  }
  const rows = await db.toolExecution.findMany({
    where: { workspaceId: query.workspaceId, status: "TIMED_OUT" },
    orderBy: { id: "desc" },
  });
  expect(rows).toHaveLength(20);
  expect(seen).toEqual(rows.map(({ id }) => id));
  expect(pages).toBeGreaterThan(10);
});
