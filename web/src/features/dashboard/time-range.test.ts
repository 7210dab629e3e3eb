import { expect, it } from "vitest";
import { cutRange, ranges, readRange } from "./time-range.ts";

it("reads the range from the address, and takes a day for what it does not know", () => {
  expect(readRange(new URLSearchParams("range=7d")).name).toBe("7d");
  expect(readRange(new URLSearchParams("range=99y")).name).toBe("24h");
  expect(readRange(new URLSearchParams()).name).toBe("24h");
});

it("ends with the minute that runs, and is as long as it says", () => {
  const nowMs = Date.parse("2026-01-02T03:04:05.678Z");
  expect(cutRange(ranges[0], nowMs)).toEqual({
    from: "2026-01-02T02:05:00.000Z",
    to: "2026-01-02T03:05:00.000Z",
  });
  expect(cutRange(ranges[0], nowMs + 10_000)).toEqual(cutRange(ranges[0], nowMs));
});
