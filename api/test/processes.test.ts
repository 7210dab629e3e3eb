import { openDatabase } from "@gatehouse/prisma";
import { describe, expect, it } from "vitest";
import { createProcessStore } from "#storage/processes.ts";
import { createTestDatabase } from "./support/database.ts";
import { startGatehouse } from "./support/gatehouse.ts";

const ids = ["0199aaaa-0000-7000-8000-000000000001", "0199aaaa-0000-7000-8000-000000000002"];
const [one = "", two = ""] = ids;
const self = (id: string, host = "a", keyIds = ["k1"]) => ({
  id,
  publicUrl: `https://${host}.example.com`,
  keyIds,
});

async function setUp() {
  const resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  const db = openDatabase(database.url, 4);
  resources.defer(() => db.$disconnect());
  const processes = createProcessStore(db);
  /** As if the process had given no sign of life for so long. */
  const silence = (id: string, interval: string) =>
    db.$executeRaw`UPDATE "Process" SET "lastSeenAt" = clock_timestamp() - ${interval}::interval WHERE "id" = ${id}::uuid`;
  return { db, processes, silence, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

describe("living processes", () => {
  it("lives while it beats, by the database's clock, and comes back after a pause", async () => {
    await using world = await setUp();
    const { processes, silence } = world;
    await processes.register(self(one), false);
    await silence(one, "5 seconds");
    expect(await processes.listLive()).toMatchObject([self(one)]);
    await silence(one, "11 seconds");
    expect(await processes.listLive()).toEqual([]);
    await processes.beat(self(one, "a", ["k2", "k1"]));
    expect(await processes.listLive()).toMatchObject([{ id: one, keyIds: ["k2", "k1"] }]);
    await silence(one, "2 minutes");
    await processes.register(self(two), false);
    // It was cleaned away meanwhile.
    await processes.beat(self(one));
    expect(await processes.listLive()).toHaveLength(2);
    await processes.remove(one);
    expect(await processes.listLive()).toMatchObject([{ id: two }]);
  });

  it("of two that differ and start at once, one is refused", async () => {
    await using world = await setUp();
    const { processes } = world;
    const answers = await Promise.all([
      processes.register(self(one, "a"), false),
      processes.register(self(two, "b"), false),
    ]);
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(["differs", "registered"]);
    expect(await processes.listLive()).toHaveLength(1);
  });

  it("what a dead or provably gone process had refuses nobody, and a change is told once", async () => {
    await using world = await setUp();
    const { processes, silence } = world;
    await processes.register(self(one, "a"), false);
    await silence(one, "11 seconds");
    const changed = { kind: "registered", previousPublicUrl: "https://a.example.com" };
    expect(await processes.register(self(two, "b"), false)).toEqual(changed);
    expect(await processes.register(self(one, "c"), true)).toMatchObject({ kind: "registered" });
    expect(await processes.register(self(one, "c"), true)).toEqual({
      kind: "registered",
      previousPublicUrl: null,
    });
    expect(await processes.listLive()).toMatchObject([{ id: one }]);
  });
});

describe("a cluster", () => {
  it("refuses a process with another PUBLIC_URL, which never listens, and takes one with the same", async () => {
    await using gatehouse = await startGatehouse();
    const other = "http://localhost:4999";
    await expect(gatehouse.addProcess({ PUBLIC_URL: other })).rejects.toThrow(
      `Another process of this database has PUBLIC_URL ${gatehouse.url}, and this one ${other}.`,
    );
    await gatehouse.addProcess();
    expect(await gatehouse.db.process.findMany({ select: { keyIds: true } })).toEqual([
      { keyIds: ["test"] },
      { keyIds: ["test"] },
    ]);
  });

  it("keeps what PUBLIC_URL was, and forgets a process that never came to listen", async () => {
    await using gatehouse = await startGatehouse();
    const { db } = gatehouse;
    const kept = await db.setting.findUniqueOrThrow({ where: { name: "public-url" } });
    expect(Buffer.from(kept.value).toString()).toBe(gatehouse.url);
    const taken = { PORT: new URL(gatehouse.url).port };
    await expect(gatehouse.addProcess(taken)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
