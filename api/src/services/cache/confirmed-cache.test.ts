import { expect, it } from "vitest";
import { createConfirmedCache } from "./confirmed-cache.ts";

interface Row {
  key: string;
  stamp: number;
}

/** A table that counts reads, and switches for the delivery of notifications. */
function createStage() {
  const stage = {
    nowMs: 0,
    isHearing: true,
    table: new Map<string, number>(),
    reads: [] as string[],
    /** If set, reads wait for it after they have read the value. */
    gate: null as Promise<void> | null,
  };
  const memory = createConfirmedCache<Row>({
    async load(key) {
      stage.reads.push(key);
      const stamp = stage.table.get(key);
      await stage.gate;
      return stamp === undefined ? null : { key, stamp };
    },
    isHearing: () => stage.isHearing,
    clock: { monotonicMs: () => stage.nowMs },
    sureForMs: 2_000,
    most: 3,
  });
  const look = (lookedAtMs = stage.nowMs) =>
    memory.confirm(lookedAtMs, ({ key, stamp }) => stage.table.get(key) === stamp);
  const forget = (key: string) => memory.forget((other) => other === key);
  return { ...stage, stage, memory, look, forget };
}

it("reads a row once, for all who ask at the same time, and answers without a promise from then on", async () => {
  const { stage, memory } = createStage();
  stage.table.set("a", 1);
  const [one, other] = await Promise.all([memory.read("a"), memory.read("a")]);
  expect(one).toBe(other);
  expect(memory.read("a")).toBe(one);
  expect(stage.reads).toEqual(["a"]);
});

it("remembers no absence", async () => {
  const { stage, memory } = createStage();
  expect(await memory.read("a")).toBeNull();
  stage.table.set("a", 1);
  expect(await memory.read("a")).toEqual({ key: "a", stamp: 1 });
});

it("forgets at the word of a change, and the others stay", async () => {
  const { stage, memory, forget } = createStage();
  for (const key of ["a", "b"]) {
    stage.table.set(key, 1);
    await memory.read(key);
  }
  forget("a");
  expect(memory.recall("a")).toBeNull();
  expect(memory.recall("b")).not.toBeNull();
});

it("never keeps what was read before the word of a change, and lets nobody wait for it who asks after the word", async () => {
  const { stage, memory, forget } = createStage();
  const gate = Promise.withResolvers<void>();
  stage.table.set("a", 1);
  stage.gate = gate.promise;
  const before = memory.read("a");
  stage.table.set("a", 2);
  forget("a");
  stage.gate = null;
  expect(await memory.read("a")).toEqual({ key: "a", stamp: 2 });
  gate.resolve();
  expect(await before).toEqual({ key: "a", stamp: 1 });
  expect(memory.recall("a")).toEqual({ key: "a", stamp: 2 });
});

it("is sure for a while after each look, and finds what nobody told", async () => {
  const { stage, memory, look } = createStage();
  stage.table.set("a", 1);
  const row = await memory.read("a");
  for (let i = 0; i < 5; i += 1) {
    stage.nowMs += 1_000;
    look();
  }
  expect(memory.recall("a")).toBe(row);
  stage.nowMs += 2_001;
  expect(memory.recall("a")).toBeNull();
  expect(await memory.read("a")).toEqual(row);
  stage.table.set("a", 2);
  look();
  expect(memory.recall("a")).toBeNull();
});

it("is not made sure by a look that began before it was read", async () => {
  const { stage, memory, look } = createStage();
  stage.nowMs = 1_000;
  stage.table.set("a", 1);
  await memory.read("a");
  stage.table.set("a", 2);
  look(999);
  // The check did not include this row, so it remains unchanged.
  expect(memory.recall("a")).toEqual({ key: "a", stamp: 1 });
  stage.nowMs = 3_001;
  expect(memory.recall("a")).toBeNull();
});

it("reads every time while word of a change may not arrive, each for itself", async () => {
  const { stage, memory } = createStage();
  stage.table.set("a", 1);
  await memory.read("a");
  stage.isHearing = false;
  await Promise.all([memory.read("a"), memory.read("a")]);
  expect(stage.reads).toHaveLength(3);
  expect(memory.readToKeep("a")).toBeNull();
  expect(stage.reads).toHaveLength(3);
});

it("keeps a bounded number, those that were used last", async () => {
  const { stage, memory } = createStage();
  for (const key of ["a", "b", "c", "d"]) {
    stage.table.set(key, 1);
    await memory.read(key);
    memory.recall("a");
  }
  expect(memory.recall("a")).not.toBeNull();
  expect(memory.recall("b")).toBeNull();
  expect(memory.listInUse()).toHaveLength(3);
  stage.nowMs += 60_001;
  expect(memory.listInUse()).toEqual([]);
});

it("reads anew when asked to, whatever it remembers", async () => {
  const { stage, memory } = createStage();
  stage.table.set("a", 1);
  await memory.read("a");
  stage.table.set("a", 2);
  expect(await memory.reload("a")).toEqual({ key: "a", stamp: 2 });
  stage.table.delete("a");
  expect(await memory.reload("a")).toBeNull();
  expect(memory.recall("a")).toBeNull();
});

it("passes on that the database is away, and asks again afterwards", async () => {
  const { stage, memory } = createStage();
  stage.table.set("a", 1);
  stage.gate = Promise.reject(new Error("away"));
  await expect(memory.read("a")).rejects.toThrow("away");
  stage.gate = null;
  expect(await memory.read("a")).toEqual({ key: "a", stamp: 1 });
});
