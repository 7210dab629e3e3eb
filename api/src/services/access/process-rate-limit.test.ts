import { expect, it } from "vitest";
import { createProcessRateLimiter } from "./process-rate-limit.ts";

it("lets a burst through, then so many a minute, for each key by itself", () => {
  let nowMs = 1_000;
  const rate = createProcessRateLimiter({ burst: 3, perMinute: 60 }, () => nowMs);
  for (let i = 0; i < 3; i += 1) {
    expect(rate.waitMs("a")).toBe(0);
    rate.take("a");
  }
  expect(rate.waitMs("a")).toBe(1_000);
  expect(rate.waitMs("b")).toBe(0);
  nowMs += 400;
  expect(rate.waitMs("a")).toBe(600);
  nowMs += 600;
  expect(rate.waitMs("a")).toBe(0);
  rate.take("a");
  expect(rate.waitMs("a")).toBe(1_000);
  nowMs += 60_000;
  for (let i = 0; i < 3; i += 1) rate.take("a");
  expect(rate.waitMs("a")).toBe(1_000);
});

it("keeps what is not full again, however many others come by", () => {
  let nowMs = 0;
  const rate = createProcessRateLimiter({ burst: 1, perMinute: 1 }, () => nowMs);
  rate.take("kept");
  for (let i = 0; i < 5_000; i += 1) rate.take(`other ${i}`);
  expect(rate.waitMs("kept")).toBe(60_000);
  nowMs = 60_000;
  expect(rate.waitMs("kept")).toBe(0);
});
