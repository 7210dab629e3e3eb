import { expect, it } from "vitest";
import { chooseRetryWaitMs } from "./live-socket.ts";

it("waits longer with every attempt, up to a bound, and never at the same moment as all others", () => {
  expect(chooseRetryWaitMs(0, () => 0)).toBe(250);
  expect(chooseRetryWaitMs(0, () => 1)).toBe(750);
  expect(chooseRetryWaitMs(3, () => 1)).toBe(4_250);
  expect(chooseRetryWaitMs(1_000, () => 1)).toBe(20_250);
});
