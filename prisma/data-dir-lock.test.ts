import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeDataDirLock } from "./data-dir-lock.ts";
import { makeFolder, startHolder } from "./test-process.ts";

it("tells a second process who holds the folder", async () => {
  const dataDir = makeFolder();
  const first = await startHolder(dataDir);
  const second = await startHolder(dataDir);
  expect(second.said.refused).toBe(
    `Gatehouse is already running on ${dataDir} (process ${first.said.pid}, http://localhost:4999).`,
  );
});

it("is free again after kill -9", async () => {
  const dataDir = makeFolder();
  const first = await startHolder(dataDir);
  await first.kill();
  const answer = takeDataDirLock(dataDir);
  expect(answer.kind).toBe("taken");
  if (answer.kind === "taken") answer.lock.release();
});

it("does not believe a process number that another program has by now", () => {
  const dataDir = makeFolder();
  writeFileSync(
    join(dataDir, "running.json"),
    JSON.stringify({ pid: process.pid, url: "http://x" }),
  );
  writeFileSync(join(dataDir, "lock"), "");
  const answer = takeDataDirLock(dataDir);
  expect(answer.kind).toBe("taken");
  if (answer.kind === "taken") answer.lock.release();
});

it("holds within one process too, and until it is released", () => {
  const dataDir = makeFolder();
  const first = takeDataDirLock(dataDir);
  expect(takeDataDirLock(dataDir)).toEqual({
    kind: "held",
    holder: { pid: process.pid, url: null },
  });
  if (first.kind === "taken") first.lock.release();
  const again = takeDataDirLock(dataDir);
  expect(again.kind).toBe("taken");
  if (again.kind === "taken") again.lock.release();
});

it("works in a folder with a very long name", () => {
  const dataDir = join(makeFolder(), "a".repeat(120));
  mkdirSync(dataDir);
  const answer = takeDataDirLock(dataDir);
  expect(answer.kind).toBe("taken");
  expect(statSync(join(dataDir, "lock")).size).toBe(0);
  if (answer.kind === "taken") answer.lock.release();
});
