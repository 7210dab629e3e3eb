import { describe, expect, it } from "vitest";
import { findBroken, type DiagnosisStep } from "./diagnosis-query.ts";

const step = (facts: Partial<DiagnosisStep>): DiagnosisStep => ({
  kind: "PROBE",
  outcome: "OK",
  url: null,
  httpStatus: null,
  durationMs: null,
  detail: null,
  at: "2026-01-01T00:00:00Z",
  ...facts,
});

describe("the broken step", () => {
  const failed = (kind: DiagnosisStep["kind"], detail: string) =>
    step({ kind, outcome: "FAILED", detail });
  const steps = [
    failed("PROTECTED_RESOURCE_METADATA", "there was another way"),
    failed("AUTHORIZATION_SERVER_METADATA", "this one"),
    failed("AUTHORIZATION_SERVER_METADATA", "and its fallback"),
  ];

  it("is the first of the kind that failed last", () => {
    expect(findBroken({ connectable: false, steps })?.detail).toBe("this one");
  });

  it("is none where one can connect, or nothing failed", () => {
    expect(findBroken({ connectable: true, steps })).toBeUndefined();
    expect(findBroken({ connectable: false, steps: [step({})] })).toBeUndefined();
  });
});
