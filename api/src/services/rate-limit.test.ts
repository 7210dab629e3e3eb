import { describe, expect, it } from "vitest";
import { createVirtualTime } from "../oauth/test-time.ts";
import { createRateLimiter } from "./rate-limit.ts";

describe("createRateLimiter", () => {
  it("lets a burst pass, then one by one, and says how long to wait", () => {
    const clock = createVirtualTime();
    const limiter = createRateLimiter({ clock, burst: 3, perMinute: 6 });
    expect([1, 2, 3].map(() => limiter.take("ada"))).toEqual([null, null, null]);
    expect(limiter.take("ada")).toBe(10_000);
    clock.jump(9_000);
    expect(limiter.take("ada")).toBe(1_000);
    clock.jump(1_000);
    expect(limiter.take("ada")).toBeNull();
    expect(limiter.take("ada")).toBe(10_000);
    expect(limiter.take("grace"), "each key has its own").toBeNull();
  });

  it("never holds more than the burst, however long nothing was taken", () => {
    const clock = createVirtualTime();
    const limiter = createRateLimiter({ clock, burst: 2, perMinute: 60 });
    limiter.take("ada");
    clock.jump(3_600_000);
    expect([1, 2, 3].map(() => limiter.take("ada"))).toEqual([null, null, 1_000]);
  });
});
