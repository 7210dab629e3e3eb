import { describe, expect, it } from "vitest";
import type { ConcurrencyLimits } from "#config/limits.ts";
import { createExecutionLimits } from "./execution-limits.ts";

const of = (workspaceId: string, serverId: string, userId: string) => ({
  workspaceId,
  serverId,
  userId,
});
const fast = { perUser: 100_000, perWorkspace: 100_000 };
const create = (concurrency: Partial<ConcurrencyLimits> = {}) =>
  createExecutionLimits({
    concurrency: { perUser: 1_000, perServer: 1_000, perWorkspace: 1_000, ...concurrency },
    callsPerSecond: fast,
    monotonicMs: () => 0,
  });
/** Starts calls until one is rejected, at most 1,000, and returns their number. */
function fill(limits: ReturnType<typeof create>, whose: Parameters<typeof limits.take>[0]): number {
  for (let count = 0; count < 1_000; count += 1)
    try {
      limits.take(whose);
    } catch {
      return count;
    }
  return 1_000;
}

describe("calls at once", () => {
  it.each([
    ["USER", { perUser: 2 }, of("w2", "s2", "u1"), of("w1", "s1", "u2")],
    ["WORKSPACE", { perWorkspace: 2 }, of("w1", "s2", "u2"), of("w2", "s1", "u1")],
  ])("S15 are limited by %s, and the error states the limit", (scope, limit, same, other) => {
    const limits = create(limit);
    const leave = limits.take(of("w1", "s1", "u1"));
    limits.take(of("w1", "s3", "u1"));
    const again = () => limits.take(same);
    expect(again).toThrow(
      expect.objectContaining({
        code: "RATE_LIMITED",
        details: { retryAfterMs: 1_000, scope, limit: 2, unit: "CALLS_AT_ONCE" },
      }),
    );
    limits.take(other);
    leave();
    // The rejected call was not counted.
    again();
  });

  it("S14 at one slow server leave half of the user's allowance to other servers", () => {
    const limits = create({ perUser: 100 });
    expect(fill(limits, of("w", "slow", "u"))).toBe(50);
    expect(() => limits.take(of("w", "slow", "u"))).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ scope: "USER_AT_SERVER" }) }),
    );
    expect(fill(limits, of("w", "other", "u"))).toBe(25);
  });

  it("S14 at one slow server leave half of the workspace's allowance to other servers", () => {
    const limits = create({ perWorkspace: 100, perUser: 80 });
    const users = Array.from({ length: 10 }, (_, index) => `u${index}`);
    const sum = (server: string) =>
      users.reduce((count, user) => count + fill(limits, of("w", server, user)), 0);
    expect(sum("slow")).toBe(50);
    expect(sum("other")).toBeGreaterThanOrEqual(20);
  });

  it("S14 of one user at a server leave half of the server's allowance to other users", () => {
    const limits = create({ perServer: 100 });
    expect(fill(limits, of("w", "s", "u1"))).toBe(50);
    expect(fill(limits, of("w", "s", "u2"))).toBe(25);
  });

  it("S14 with the smallest allowance are still possible", () => {
    expect(fill(create({ perUser: 1, perServer: 1, perWorkspace: 1 }), of("w", "s", "u"))).toBe(1);
  });
});

describe("calls per second", () => {
  it.each([
    ["USER", { perUser: 1 }, of("w2", "s2", "u1")],
    ["WORKSPACE", { perWorkspace: 1 }, of("w1", "s2", "u2")],
  ])("S15 are limited by %s, and the error states the limit", (scope, rate, same) => {
    let nowMs = 0;
    const limits = createExecutionLimits({
      concurrency: { perUser: 1_000, perServer: 1_000, perWorkspace: 1_000 },
      callsPerSecond: { ...fast, ...rate },
      monotonicMs: () => nowMs,
    });
    for (let count = 0; count < 20; count += 1) limits.take(of("w1", "s1", "u1"))();
    const again = () => limits.take(same);
    expect(again).toThrow(
      expect.objectContaining({
        code: "RATE_LIMITED",
        details: { retryAfterMs: 1_000, scope, limit: 1, unit: "CALLS_PER_SECOND" },
      }),
    );
    limits.take(of("w3", "s3", "u3"));
    nowMs = 1_000;
    again()();
  });
});
