import { expect, it } from "vitest";
import { runWithin } from "./run-with-timeout.ts";

function spin(mostMs: number): void {
  const startedAt = performance.now();
  while (performance.now() - startedAt < mostMs);
}

it("gives what was made in time, and null for what was not", () => {
  expect(runWithin(1_000, () => 5)).toEqual({ value: 5 });
  expect(runWithin(5, () => spin(60_000))).toBeNull();
});

it("throws on what is thrown", () => {
  const run = () => runWithin(1_000, () => JSON.parse("{"));
  expect(run).toThrow(SyntaxError);
});

it("stops the inner of two and goes on with the outer", () => {
  expect(runWithin(10_000, () => runWithin(5, () => spin(60_000)))).toEqual({ value: null });
});

it("stops the outer of two, also when the time of both runs out at once", () => {
  let survived = 0;
  for (let turn = 0; turn < 100; turn += 1) {
    runWithin(5, () => {
      runWithin(5, () => spin(1_000));
      spin(100);
      survived += 1;
    });
  }
  expect(survived).toBe(0);
  expect(runWithin(1_000, () => 5)).toEqual({ value: 5 });
});
