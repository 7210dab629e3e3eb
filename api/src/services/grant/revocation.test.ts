import { expect, it } from "vitest";
import { backOff } from "./revocation.ts";

it("waits twice as long after every try, half an hour at most, and never less than it was asked to", () => {
  expect([1, 2, 3, 4].map((attempts) => backOff(attempts, null))).toEqual([
    1_000, 2_000, 4_000, 8_000,
  ]);
  expect(backOff(60, null)).toBe(30 * 60_000);
  expect(backOff(1, 90_000)).toBe(90_000);
  expect(backOff(10, 1_000)).toBe(512_000);
});
