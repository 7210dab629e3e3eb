import { expect, it } from "vitest";
import { createTokenRejections } from "./token-rejections.ts";

function createClock() {
  let nowMs = 0;
  return { monotonicMs: () => nowMs, advance: (ms: number) => void (nowMs += ms) };
}

type Rejections = ReturnType<typeof createTokenRejections>;

it("R19 a burst of rejections is one", () => {
  const rejections = createTokenRejections(createClock());
  const seen = Array.from({ length: 50 }, () => rejections.note("grant", "consent", 1));
  expect(seen).not.toContain(true);
});

it("I23 three new tokens that are rejected over more than a minute suspend the account", () => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  const seen = [1, 2, 3].map((version) => {
    const suspended = rejections.note("grant", "consent", version);
    clock.advance(30_001);
    return suspended;
  });
  expect(seen).toEqual([false, false, true]);
});

it("I23 any number of new tokens within a minute do not", () => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  const seen = Array.from({ length: 59 }, (_, version) => {
    clock.advance(1_000);
    return rejections.note("grant", "consent", version);
  });
  expect(seen).not.toContain(true);
});

it("I23 a token that cannot be refreshed is counted again after half a minute", () => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  const seen = Array.from({ length: 61 }, () => {
    const suspended = rejections.note("grant", "consent", 1);
    clock.advance(1_000);
    return suspended;
  });
  expect(seen.indexOf(true)).toBe(60);
});

it.each([
  ["a new consent", (r: Rejections) => r.note("grant", "another", 3)],
  ["an accepted token", (r: Rejections) => r.accept("grant", 3)],
])("R19 %s starts the count again", (_, reset) => {
  const clock = createClock();
  const rejections = createTokenRejections(clock);
  for (const version of [1, 2]) {
    rejections.note("grant", "consent", version);
    clock.advance(60_000);
  }
  reset(rejections);
  expect(rejections.note("grant", "another", 4)).toBe(false);
});

it("I23 remembers which version was accepted last", () => {
  const rejections = createTokenRejections(createClock());
  rejections.accept("grant", 2);
  expect([1, 2, 3].map((version) => rejections.wasAccepted("grant", version))).toEqual([
    false,
    true,
    false,
  ]);
});
