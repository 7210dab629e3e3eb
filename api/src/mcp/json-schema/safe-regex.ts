/** Regular expressions that strangers wrote, run so that none can hold up the process (catastrophic backtracking). */
import { findCheapLength } from "./regex-cost.ts";
import { runWithin } from "./run-with-timeout.ts";

/** Time for all patterns of one validation together. What is not tested by then passes: the server checks its input itself. */
const BUDGET_MS = 100;
/** What may be tried without a look at the clock: as much as the look itself takes, and no more than checks of this size allow for. */
const FREE_TRIES = 64;
/** Reading a pattern cannot be stopped. A class such as `\p{L}` is hundreds of ranges. */
const MOST_CHARACTERS = 10_000;
const CHARACTERS_PER_CLASS = 30;

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
 * can take long is decided here, once; texts on which it cannot are tested as they are, others under a watchdog, and both in the time of
 * the validation. One that takes long to read matches everything too.
 */
export function compilePattern(source: string, flags: string): PatternTester {
  const pattern = isLong(source) ? null : (tryCompile(source, flags) ?? tryCompile(source, ""));
  if (!pattern) return { test: () => true };
  /** The engine reads a pattern anew for its first test, and may find only then that it is too much. */
  let isRead = false;
  const freeLength = findCheapLength(source, FREE_TRIES);
  const cheapLength = findCheapLength(source);
  /** It took too long on one of this length, and is not tried again on such. */
  let hopelessLength = Infinity;
  return {
    test(text) {
      if (isRead && text.length <= freeLength) return pattern.test(text);
      if (text.length >= hopelessLength) return true;
      const leftMs = BUDGET_MS - spentMs;
      if (leftMs <= 0) return true;
      const startedAt = performance.now();
      const test = () => tryTest(pattern, text);
      const tested = text.length <= cheapLength ? { value: test() } : runWithin(leftMs, test);
      const tookMs = performance.now() - startedAt;
      spentMs += tookMs;
      isRead ||= tested !== null;
      // What others had left of the time says nothing about this one.
      if (!tested && tookMs > BUDGET_MS / 2) hopelessLength = text.length;
      return tested?.value ?? true;
    },
  };
}

function isLong(source: string): boolean {
  const classes = source.match(/\\p/giu)?.length ?? 0;
  return source.length + classes * CHARACTERS_PER_CLASS > MOST_CHARACTERS;
}

function tryTest(pattern: RegExp, text: string): boolean {
  try {
    return pattern.test(text);
  } catch (error) {
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}

function tryCompile(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}
