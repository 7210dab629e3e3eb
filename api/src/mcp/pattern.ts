/** Regular expressions that strangers wrote, run so that none can hold up the process (catastrophic backtracking). */
import { findCheapLength } from "./pattern-cost.ts";
import { runWithin } from "./watchdog.ts";

/** Time for all patterns of one validation together. What is not tested by then passes: the server checks its input itself. */
const BUDGET_MS = 100;

export interface PatternTester {
  test(text: string): boolean;
}

let spentMs = 0;

/** Starts the time budget of a validation. */
export function resetPatternBudget(): void {
  spentMs = 0;
}

/**
 * A tester for `source`, in Unicode mode if it compiles there. A pattern that does not compile at all matches everything. Whether it
 * can take long is decided here, once; texts on which it cannot are tested as they are, others under a watchdog.
 */
export function compilePattern(source: string, flags: string): PatternTester {
  const pattern = tryCompile(source, flags) ?? tryCompile(source, "");
  if (!pattern) return { test: () => true };
  const cheapLength = findCheapLength(source);
  /** It took too long on one of this length, and is not tried again on such. */
  let hopelessLength = Infinity;
  return {
    test(text) {
      if (text.length <= cheapLength) return pattern.test(text);
      if (text.length >= hopelessLength) return true;
      const leftMs = BUDGET_MS - spentMs;
      if (leftMs <= 0) return true;
      const startedAt = performance.now();
      const tested = runWithin(leftMs, () => pattern.test(text));
      const tookMs = performance.now() - startedAt;
      spentMs += tookMs;
      // What others had left of the time says nothing about this one.
      if (!tested && tookMs > BUDGET_MS / 2) hopelessLength = text.length;
      return tested?.value ?? true;
    },
  };
}

function tryCompile(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}
