import type { Database } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import type { Bus } from "./bus.ts";
import { streamEvents } from "./stream.ts";

it("E1 reads on from where it was when the database was away for a moment", async () => {
  const asked: bigint[] = [];
  const findMany = async ({ where }: { where: { seq: { gt: bigint } } }) => {
    const after = where.seq.gt;
    asked.push(after);
    if (asked.length === 2) throw new Error("the database is away");
    return after < 3n ? [{ seq: after + 1n }] : [];
  };
  // What the stream uses of both, and nothing else.
  const db = { workspaceEvent: { findMany } } as unknown as Database;
  const bus = { watch: () => ({ next: async () => {}, [Symbol.dispose]() {} }) } as unknown as Bus;
  const controller = new AbortController();
  const seen: bigint[] = [];
  for await (const { seq } of streamEvents(
    { db, bus },
    { workspaceId: "w", seq: 0n },
    controller.signal,
  )) {
    seen.push(seq);
    if (seq === 3n) controller.abort();
  }
  expect(seen).toEqual([1n, 2n, 3n]);
  expect(asked).toEqual([0n, 1n, 1n, 2n]);
});
