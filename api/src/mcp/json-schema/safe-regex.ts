/** Regular expressions from external schemas. The time limit of a validation stops slow ones (catastrophic backtracking). */

/** The parsing of a pattern cannot be interrupted, so its length is limited. A class such as `\p{L}` expands to hundreds of ranges. */
const MOST_CHARACTERS = 10_000;
const CHARACTERS_PER_CLASS = 30;

export interface PatternTester {
  test(text: string): boolean;
}

/**
 * Returns a tester for `source`, in Unicode mode if it compiles in that mode. A pattern that does not compile matches everything, as does
 * one that takes too long to parse. Testing can take any time: use it with a time limit.
 */
export function compilePattern(source: string, flags: string): PatternTester {
  const pattern = isLong(source) ? null : (tryCompile(source, flags) ?? tryCompile(source, ""));
  return { test: (text) => pattern === null || tryTest(pattern, text) };
}

function isLong(source: string): boolean {
  const classes = source.match(/\\p/giu)?.length ?? 0;
  return source.length + classes * CHARACTERS_PER_CLASS > MOST_CHARACTERS;
}

/** The engine parses a pattern completely only at its first test, and may reject it at that point. */
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
