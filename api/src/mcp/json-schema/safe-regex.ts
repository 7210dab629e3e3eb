/** Runs regular expressions from external sources so that they cannot block the process (catastrophic backtracking). */
import { findCheapLength } from "./regex-cost.ts";
import { runWithin } from "./run-with-timeout.ts";

/**
 * The time limit for all patterns of one validation, in milliseconds. Patterns that are not tested by then count as matched, because the
 * server validates its input itself.
 */
const BUDGET_MS = 100;
/** The number of attempts that are made without checking the clock. They cost about as much as the check itself. */
const FREE_TRIES = 64;
/** The parsing of a pattern cannot be interrupted, so its length is limited. A class such as `\p{L}` expands to hundreds of ranges. */
const MOST_CHARACTERS = 10_000;
const CHARACTERS_PER_CLASS = 30;

export interface PatternTester {
  test(text: string): boolean;
}

let spentMs = 0;

/** Starts the time limit of a validation. */
export function resetPatternBudget(): void {
  spentMs = 0;
}

/**
 * Returns a tester for `source`, in Unicode mode if it compiles in that mode. A pattern that does not compile matches everything, as does
 * one that takes too long to parse. Whether the pattern can be slow is determined here once: texts on which it cannot are tested directly,
 * others with a time limit. Both count towards the time limit of the validation.
 */
export function compilePattern(source: string, flags: string): PatternTester {
  const pattern = isLong(source) ? null : (tryCompile(source, flags) ?? tryCompile(source, ""));
  if (!pattern) return { test: () => true };
  /** The engine parses a pattern completely only at its first test, and may reject it at that point. */
  let isRead = false;
  const freeLength = findCheapLength(source, FREE_TRIES);
  const cheapLength = findCheapLength(source);
  /** The length of the shortest text on which the pattern exceeded its time limit. Texts of this length or longer are not tested again. */
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
      // Only meaningful if the pattern had most of the time limit to itself.
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
