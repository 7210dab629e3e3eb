import type { Database } from "@gatehouse/prisma";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { createExecutionWriter, type RunRecord } from "./execution-writer.ts";

/** The promise: other processes can read of a change from then on. */
const withinMs = 50;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A writer over a database that takes `statementMs` for a batch, and when it was handed what. */
function createStage(statementMs: number) {
  const handed = new Map<string, number>();
  const box: Pick<SealedBox, "seal"> = {
    // What is written is sealed on the way.
    seal(_text, { rowId, column }) {
      handed.set(`${rowId} ${column}`, performance.now());
      return new Uint8Array();
    },
  };
  const tx = { $queryRaw: async () => [] };
  const db = {
    async $transaction(work: (within: typeof tx) => Promise<unknown>) {
      const answer = await work(tx);
      await new Promise((resolve) => setTimeout(resolve, statementMs));
      return answer;
    },
  };
  const writer = createExecutionWriter({
    db: db as unknown as Database,
    box: box as SealedBox,
    appendFinished: async () => {},
    publish: () => {},
    log: (message) => expect.unreachable(message),
  });
  return { writer, handed };
}

function makeRecord(id: string): RunRecord {
  const execution = { id, status: "RUNNING", progress: null, contents: null };
  return {
    arguments: "{}",
    result: null,
    freesKey: false,
    execution: execution as unknown as RunRecord["execution"],
  };
}

describe("history behind the answer", () => {
  it.each([1, 20])(
    "every change is handed to the database within 50 ms, whenever it comes (a batch takes %i ms)",
    async (statementMs) => {
      const { writer, handed } = createStage(statementMs);
      const noted = new Map<string, number>();
      for (let turn = 0; turn < 400; turn += 1) {
        const record = makeRecord(`run ${turn}`);
        const { id } = record.execution;
        writer.note(record);
        noted.set(`${id} arguments`, performance.now());
        // Some are over within a batch, some end long after it.
        setTimeout(
          () => {
            record.execution = { ...record.execution, status: "SUCCEEDED" };
            record.result = "{}";
            writer.note(record);
            noted.set(`${id} result`, performance.now());
          },
          (turn * 37) % 211,
        );
        // At every place of a turn.
        await vi.advanceTimersByTimeAsync((turn * 7) % 13);
      }
      await vi.advanceTimersByTimeAsync(1_000);
      expect(handed.size).toBe(noted.size);
      const late = [...noted].map(([what, atMs]) => (handed.get(what) ?? Infinity) - atMs);
      expect(Math.max(...late)).toBeLessThanOrEqual(withinMs);
    },
  );

  it("a run that is over within a batch is written once, and not each for itself", async () => {
    const { writer, handed } = createStage(1);
    const moments = () => new Set(handed.values()).size;
    for (let turn = 0; turn < 20; turn += 1) {
      const record = makeRecord(`run ${turn}`);
      writer.note(record);
      await vi.advanceTimersByTimeAsync(1);
      record.execution = { ...record.execution, status: "SUCCEEDED" };
      writer.note(record);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(handed.size).toBe(20);
    expect(moments()).toBeLessThan(4);
  });
});
