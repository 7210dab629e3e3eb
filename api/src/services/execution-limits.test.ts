import { expect, it } from "vitest";
import { ServiceError } from "./errors.ts";
import { createExecutionLimits } from "./execution-limits.ts";

const of = (workspaceId: string, serverId: string, userId: string) => ({
  workspaceId,
  serverId,
  userId,
});

it.each([
  ["user", { perUser: 2 }, of("w2", "s2", "u1"), of("w1", "s1", "u2")],
  ["server", { perServer: 2 }, of("w2", "s1", "u2"), of("w1", "s2", "u1")],
  ["workspace", { perWorkspace: 2 }, of("w1", "s2", "u2"), of("w2", "s1", "u1")],
])("bounds what runs of one %s, and of nobody else", (_what, limit, same, other) => {
  const limits = createExecutionLimits({
    perUser: 100,
    perServer: 100,
    perWorkspace: 100,
    ...limit,
  });
  const first = of("w1", "s1", "u1");
  const leave = limits.take(first);
  limits.take(first);
  try {
    limits.take(same);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ code: "RATE_LIMITED", details: { retryAfterMs: 1_000 } });
  }
  limits.take(other);
  leave();
  // The refused one took no place of the others.
  limits.take(same);
  expect(() => limits.take(first)).toThrow(/2 tools are running/);
});
