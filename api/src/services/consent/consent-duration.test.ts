import { expect, it } from "vitest";
import { measureConsent } from "./consent-duration.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const step = (seconds: number, durationMs: number | null) => ({
  at: at(seconds).toISOString(),
  durationMs,
});

it("takes off what was done before the redirect, whatever the clock of that process says", () => {
  const flow = { startedAt: at(0), consumedAt: at(30) };
  expect(measureConsent({ ...flow, steps: [] })).toBe(30_000);
  for (const skew of [0, 600, -600]) {
    const steps = [step(skew, 500), step(skew + 1, 4_000), step(skew + 2, null)];
    expect(measureConsent({ ...flow, steps })).toBe(25_000);
  }
});

it("is never below nothing", () => {
  const flow = { startedAt: at(0), steps: [step(0, 9_000)] };
  expect(measureConsent({ ...flow, consumedAt: at(3) })).toBe(0);
  expect(measureConsent({ ...flow, consumedAt: null })).toBe(0);
});
