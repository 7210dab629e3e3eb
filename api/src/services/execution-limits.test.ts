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
    concurrency: { perUser: 100, perServer: 100, perWorkspace: 100, ...limit },
    monotonicMs: () => 0,
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

it.each([
  ["user", { perUser: { burst: 2, perMinute: 60 } }, of("w2", "s2", "u1"), /by you/],
  [
    "workspace",
    { perWorkspace: { burst: 2, perMinute: 60 } },
    of("w1", "s2", "u2"),
    /in this workspace/,
  ],
])("bounds what one %s begins, however quickly it ends", (_what, rate, same, words) => {
  let nowMs = 0;
  const generous = { burst: 100, perMinute: 6_000 };
  const limits = createExecutionLimits({
    rates: { perUser: generous, perWorkspace: generous, ...rate },
    monotonicMs: () => nowMs,
  });
  for (let i = 0; i < 2; i += 1) limits.take(of("w1", "s1", "u1"))();
  const again = () => limits.take(same);
  expect(again).toThrow(words);
  expect(again).toThrow(
    expect.objectContaining({ code: "RATE_LIMITED", details: { retryAfterMs: 1_000 } }),
  );
  limits.take(of("w3", "s3", "u3"));
  nowMs = 1_000;
  again()();
});
