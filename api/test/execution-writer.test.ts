import { type Database, openDatabase } from "@gatehouse/prisma";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { appendEvents } from "#events/log.ts";
import { createExecutionStore } from "#storage/execution-store.ts";
import {
  createExecutionWriter,
  type ExecutionWriterDeps,
  type RunRecord,
} from "#storage/execution-writer.ts";
import type { Execution } from "#storage/execution.ts";
import { startDatabaseProxy } from "./cluster/database-proxy.ts";
import { createTestDatabase } from "./support/database.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

const userId = uuidv7();
const box = createSealedBox(parseKeyring(generateKey("test")));

async function setUp(limits: ExecutionWriterDeps["limits"] = {}) {
  const resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  const proxy = resources.use(await startDatabaseProxy(database.url));
  const db = openDatabase(proxy.url, 4);
  resources.defer(() => db.$disconnect());
  const observer = openDatabase(database.url, 2);
  resources.defer(() => observer.$disconnect());
  const published: { executionIds: string[]; workspaceIds: string[] }[] = [];
  const logged: string[] = [];
  const appendFinished: ExecutionWriterDeps["appendFinished"] = (tx, executions) =>
    appendEvents(
      tx,
      executions.map(({ id, workspaceId, serverId }) => ({
        workspaceId,
        type: "TOOL_EXECUTED",
        actorId: userId,
        serverId,
        userId,
        payload: { executionId: id },
      })),
    );
  const createWriter = (database: Database) =>
    createExecutionWriter({
      db: database,
      box,
      appendFinished,
      publish: (change) => published.push(change),
      log: (message) => logged.push(message),
      limits: { retryMs: 50, ...limits },
    });
  const store = createExecutionStore({
    db: observer,
    box,
    clock: { now: () => new Date(), sync: async () => {} },
    appendFinished,
    onUnopened: (error) => expect.unreachable(String(error)),
  });
  const createWorkspace = async () =>
    (await observer.workspace.create({ data: { slug: uuidv7(), name: "W" } })).id;
  const workspaceId = await createWorkspace();
  return {
    db,
    observer,
    proxy,
    writer: createWriter(db),
    createWriter,
    createWorkspace,
    workspaceId,
    store,
    published,
    logged,
    /** Executions that TOOL_EXECUTED tells of, in the order of the log, which has no holes. */
    async readLog(of = workspaceId) {
      const events = await observer.workspaceEvent.findMany({
        where: { workspaceId: of },
        orderBy: { seq: "asc" },
      });
      expect(events.map(({ seq }) => Number(seq))).toEqual(events.map((_, index) => index + 1));
      return events.map(({ payload }) => (payload as { executionId: string }).executionId);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function makeRecord(workspaceId: string, change: Partial<Execution> = {}): RunRecord {
  const startedAt = new Date();
  return {
    arguments: '{"a":1}',
    result: null,
    freesKey: false,
    execution: {
      id: uuidv7(),
      toolName: "t",
      status: "RUNNING",
      isToolError: false,
      errorMessage: null,
      startedAt,
      finishedAt: null,
      argumentBytes: 7,
      resultBytes: null,
      contentTruncated: false,
      contentExpiresAt: new Date(startedAt.getTime() + 60_000),
      processId: uuidv7(),
      cancelRequestedAt: null,
      apiTokenId: null,
      ownerId: userId,
      startedById: userId,
      workspaceId,
      serverId: null,
      progress: null,
      contents: { arguments: { a: 1 }, result: null },
      ...change,
    },
  };
}

function finish(record: RunRecord, content: unknown[] = []): void {
  record.execution = { ...record.execution, status: "SUCCEEDED", finishedAt: new Date() };
  record.result = JSON.stringify({ content, structuredContent: null });
}

describe("history in batches", () => {
  it("a run that begins and ends within a batch is one row, inserted finished, and one event", async () => {
    await using world = await setUp();
    const { writer, store, workspaceId, published } = world;
    const records = Array.from({ length: 30 }, () => makeRecord(workspaceId));
    for (const record of records) {
      writer.note(record);
      finish(record, ["said"]);
      writer.note(record);
      expect(writer.find(record.execution.id)).toBe(record.execution);
    }
    await writer.close();
    const ids = records.map(({ execution }) => execution.id);
    expect(await world.readLog()).toEqual(ids);
    // One transaction for all of them; nobody else could know of one yet.
    expect(published).toEqual([{ executionIds: [], workspaceIds: [workspaceId] }]);
    const [stored] = await store.findMany(ids);
    expect(stored).toMatchObject({ ...records[0]?.execution, contents: null });
    expect(await store.readContents(ids.slice(0, 1))).toEqual([
      { arguments: { a: 1 }, result: { content: ["said"], structuredContent: null } },
    ]);
    expect(writer.find(ids[0] ?? "")).toBeNull();
  });

  it("one that goes on is written as running, with its progress, and told of when it has ended", async () => {
    await using world = await setUp();
    const { writer, store, workspaceId, published } = world;
    const record = makeRecord(workspaceId);
    const { id } = record.execution;
    writer.note(record);
    await expect
      .poll(() => store.find(id), soon)
      .toMatchObject({ status: "RUNNING", progress: null });
    const progress = { progress: 0.5, total: null, message: "half" };
    record.execution = { ...record.execution, progress };
    writer.note(record);
    await expect.poll(() => store.find(id), soon).toMatchObject({ status: "RUNNING", progress });
    const raw = await world.observer.$queryRaw<{ row: string }[]>`
      SELECT encode("progress", 'escape') AS "row" FROM "ToolExecution"`;
    expect(raw[0]?.row).not.toContain("half");
    finish(record);
    writer.note(record);
    await expect.poll(() => store.find(id), soon).toMatchObject({ status: "SUCCEEDED", progress });
    expect((await store.readContents([id]))[0]?.arguments).toEqual({ a: 1 });
    await expect
      .poll(() => published, soon)
      .toEqual([
        { executionIds: [id], workspaceIds: [] },
        { executionIds: [id], workspaceIds: [workspaceId] },
      ]);
    expect(await world.readLog()).toEqual([id]);
  });

  it("`store` has written when it resolves, at once", async () => {
    await using world = await setUp({ gatherMs: 60_000 });
    const { writer, store, workspaceId } = world;
    const record = makeRecord(workspaceId);
    await writer.store(record);
    expect(await store.find(record.execution.id)).toMatchObject({ status: "RUNNING" });
    finish(record);
    const [other, again] = [makeRecord(workspaceId), writer.store(record)];
    // It asks while the batch before is under way.
    await Promise.all([again, writer.store(other)]);
    expect(await store.find(record.execution.id)).toMatchObject({ status: "SUCCEEDED" });
    expect(await store.find(other.execution.id)).toMatchObject({ status: "RUNNING" });
  });

  it("one that was declared dead meanwhile stays so, without a second event", async () => {
    await using world = await setUp();
    const { writer, store, workspaceId } = world;
    const record = makeRecord(workspaceId);
    const { id } = record.execution;
    await writer.store(record);
    expect(await store.interruptOrphaned()).toMatchObject([{ id, workspaceId }]);
    finish(record);
    await writer.store(record);
    expect(await store.find(id)).toMatchObject({ status: "INTERRUPTED" });
    expect(await world.readLog()).toEqual([id]);
  });

  it("one whose server or workspace is gone does not keep the others waiting", async () => {
    await using world = await setUp();
    const { writer, store, workspaceId } = world;
    const records = [
      makeRecord(workspaceId, { serverId: uuidv7() }),
      makeRecord(uuidv7()),
      makeRecord(workspaceId, { toolName: "no\0name" }),
      makeRecord(workspaceId),
    ];
    for (const record of records) finish(record);
    const outcomes = await Promise.allSettled(records.map((record) => writer.store(record)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    const found = await store.findMany(records.map(({ execution }) => execution.id));
    expect(found.map(({ id, serverId }) => [id, serverId])).toEqual([
      [records[0]?.execution.id, null],
      [records[3]?.execution.id, null],
    ]);
    expect(await world.readLog()).toHaveLength(2);
    expect(world.logged).toEqual(["a run could not be recorded"]);
  });
});

describe("a run that has a row, whose end the database refuses,", () => {
  it("ends all the same, without its words", async () => {
    await using world = await setUp();
    const { writer, store, workspaceId } = world;
    const record = makeRecord(workspaceId);
    const { id } = record.execution;
    await writer.store(record);
    finish(record, ["kept from nobody"]);
    record.execution = { ...record.execution, status: "FAILED", errorMessage: "no\0words" };
    await expect(writer.store(record)).rejects.toThrow();
    await expect.poll(async () => (await store.find(id))?.status, soon).toBe("FAILED");
    expect(await store.find(id)).toMatchObject({
      errorMessage: "The execution ended, but its result could not be recorded.",
    });
    await expect.poll(() => writer.find(id), soon).toBeNull();
    expect(await world.readLog()).toEqual([id]);
  });
});

describe("the log", () => {
  it("has no hole and no late arrival when processes append to the same workspaces at once", async () => {
    await using world = await setUp({ gatherMs: 1 });
    const workspaceIds = [world.workspaceId, await world.createWorkspace()];
    const writers = [world.writer, world.createWriter(world.observer)];
    const written: Promise<void>[] = [];
    for (let round = 0; round < 40; round += 1)
      for (const [index, writer] of writers.entries()) {
        // Each takes them in another order.
        const order = index === 0 ? workspaceIds : workspaceIds.toReversed();
        for (const workspaceId of order) {
          const record = makeRecord(workspaceId);
          finish(record);
          written.push(writer.store(record));
        }
        if (round % 5 === 0) await written.at(-1);
      }
    await Promise.all(written);
    for (const workspaceId of workspaceIds)
      expect(await world.readLog(workspaceId)).toHaveLength(80);
  });
});

describe("the database is away", () => {
  it("what ended meanwhile is kept and written once it is back, once", async () => {
    await using world = await setUp();
    const { writer, store, proxy, workspaceId } = world;
    const running = makeRecord(workspaceId);
    await writer.store(running);
    proxy.cut();
    const short = makeRecord(workspaceId);
    const refused = makeRecord(workspaceId);
    await expect(writer.store(refused)).rejects.toThrow();
    for (const record of [running, short, refused]) {
      finish(record);
      writer.note(record);
    }
    await expect.poll(() => world.logged, soon).toEqual(["history cannot be written for now"]);
    expect(writer.find(short.execution.id)).toMatchObject({ status: "SUCCEEDED" });
    proxy.open();
    const ids = [running, short, refused].map(({ execution }) => execution.id);
    await expect
      .poll(async () => (await store.findMany(ids)).map(({ status }) => status), soon)
      .toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    expect((await world.readLog()).toSorted()).toEqual(ids.toSorted());
    await expect.poll(() => ids.map((id) => writer.find(id)), soon).toEqual([null, null, null]);
  });

  it("keeps no more than there is room for: the oldest are forgotten", async () => {
    await using world = await setUp({ waitingCharacters: 10_000, recordCharacters: 1_000 });
    const { writer, store, proxy, workspaceId } = world;
    await world.db.$queryRaw`SELECT 1`;
    proxy.cut();
    const records = Array.from({ length: 30 }, () => makeRecord(workspaceId));
    for (const record of records) {
      finish(record);
      writer.note(record);
    }
    await expect
      .poll(() => records.filter(({ execution }) => writer.find(execution.id)).length, soon)
      .toBe(9);
    proxy.open();
    await expect.poll(() => world.observer.toolExecution.count(), soon).toBe(9);
    expect(await store.find(records.at(-1)?.execution.id ?? "")).not.toBeNull();
  });

  it("runs that others may follow end, even where there is no room for their results", async () => {
    await using world = await setUp({ waitingCharacters: 10_000, recordCharacters: 1_000 });
    const { writer, proxy, workspaceId, observer } = world;
    const records = Array.from({ length: 30 }, () => makeRecord(workspaceId));
    await Promise.all(records.map((record) => writer.store(record)));
    proxy.cut();
    for (const record of records) {
      finish(record);
      writer.note(record);
    }
    await expect.poll(() => world.logged, soon).toEqual(["history cannot be written for now"]);
    proxy.open();
    const succeeded = { where: { status: "SUCCEEDED" as const } };
    await expect.poll(() => observer.toolExecution.count(succeeded), soon).toBe(30);
  });

  it("stopping gives up after a while", async () => {
    await using world = await setUp({ closeMs: 300 });
    const { writer, proxy, workspaceId } = world;
    const record = makeRecord(workspaceId);
    finish(record);
    proxy.cut();
    writer.note(record);
    await writer.close();
    expect(world.logged).toContain("runs were not recorded");
  });
});
