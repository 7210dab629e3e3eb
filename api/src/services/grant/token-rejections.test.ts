import { expect, it } from "vitest";
import { createTokenRejections } from "./token-rejections.ts";

function createClock() {
  let nowMs = 0;
  return { monotonicMs: () => nowMs, advance: (ms: number) => void (nowMs += ms) };
}

it("R19 a burst of refusals is one", () => {
  const rejections = createTokenRejections(createClock());
  expect(Array.from({ length: 50 }, () => rejections.note("grant", "consent"))).not.toContain(true);
});

it("R19 refusals over half a minute suspend the account", () => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  const seen = Array.from({ length: 3 }, () => {
    const suspended = rejections.note("grant", "consent");
    clock.advance(10_000);
    return suspended;
  });
  expect(seen).toEqual([false, false, true]);
});

it.each([
  ["a new consent", (r: ReturnType<typeof createTokenRejections>) => r.note("grant", "another")],
  ["an accepted token", (r: ReturnType<typeof createTokenRejections>) => r.forget("grant")],
])("R19 %s begins with a clean sheet", (_, reset) => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  for (let i = 0; i < 2; i++) {
    rejections.note("grant", "consent");
    clock.advance(10_000);
  }
  reset(rejections);
  expect(rejections.note("grant", "another")).toBe(false);
});
