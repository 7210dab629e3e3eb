/**
 * Estimates the number of steps of a backtracking matcher from the pattern alone. Patterns that are not clearly cheap count as expensive;
 * the only consequence of a wrong estimate in that direction is that a time limit is used.
 */

/**
 * An upper limit for the number of ways in which a part of a pattern can match at one position of a text with n characters: `choices * n **
 * degree`.
 */
interface Ways {
  choices: number;
  degree: number;
  /** The number of characters that one of the ways may consume before the next choice. */
  steps: number;
}

const nothing: Ways = { choices: 1, degree: 0, steps: 0 };
const one: Ways = { choices: 1, degree: 0, steps: 1 };
const unknown: Ways = { choices: Infinity, degree: 0, steps: 1 };
/** The number of attempts that take about one millisecond. */
const MOST_TRIES = 50_000;
/** The number of steps per attempt that is too small to be counted. */
const STEPS_PER_TRY = 16;
/**
 * The number of repetitions up to which a counted repetition has a constant number of choices. Above it, the number depends on the text.
 */
const FEW = 16;

/**
 * Returns the length of the longest text on which the pattern is certainly cheap, in UTF-16 units; 0 if there is none.
 *
 * @param mostTries the number of attempts that counts as cheap; by default about one millisecond
 */
export function findCheapLength(source: string, mostTries = MOST_TRIES): number {
  const cursor = { source, at: 0 };
  const first = readSequence(cursor);
  const isAnchored = source.startsWith("^") && cursor.at === source.length;
  // A pattern without an anchor is tried at every position.
  const everywhere = { choices: 1, degree: isAnchored ? 0 : 1, steps: 0 };
  const { choices, degree, steps } = multiply(readFurther(cursor, first), everywhere);
  const tries = choices * Math.ceil(steps / STEPS_PER_TRY || 1);
  if (!(tries <= mostTries)) return 0;
  return degree === 0 ? Infinity : Math.floor((mostTries / tries) ** (1 / degree));
}

interface Cursor {
  source: string;
  at: number;
}

/** Reads up to the end of the pattern, or to the closing bracket of the group. */
function readFurther(cursor: Cursor, first: Ways): Ways {
  let all = first;
  while (cursor.source[cursor.at] === "|") {
    cursor.at += 1;
    all = add(all, readSequence(cursor));
  }
  return all;
}

function readSequence(cursor: Cursor): Ways {
  let all = nothing;
  while (cursor.at < cursor.source.length && !"|)".includes(cursor.source[cursor.at] ?? "")) {
    const part = readPart(cursor);
    all = multiply(all, repeat(part, readQuantifier(cursor)));
  }
  return all;
}

function readPart(cursor: Cursor): Ways {
  const { source } = cursor;
  const character = source[cursor.at];
  if (character === "(") return readGroup(cursor);
  if (character === "[") {
    cursor.at = findEndOfClass(source, cursor.at);
    return one;
  }
  if (character !== "\\") {
    cursor.at += 1;
    return one;
  }
  const escaped = source[cursor.at + 1] ?? "";
  const braces = /^[pPu]\{[^}]*\}/.exec(source.slice(cursor.at + 1, cursor.at + 80));
  cursor.at += braces ? 1 + braces[0].length : 2;
  // The length of a backreference depends on the text that was matched before.
  return /[1-9k]/.test(escaped) ? unknown : one;
}

function readGroup(cursor: Cursor): Ways {
  const { source } = cursor;
  const opening = /^\((?:\?(?:<[A-Za-z_$][^>]*>|[a-z]*(?:-[a-z]+)?:))?/.exec(
    source.slice(cursor.at),
  );
  cursor.at += opening?.[0].length ?? 1;
  // A lookahead or lookbehind.
  const isPlain = source[cursor.at] !== "?";
  const inside = readFurther(cursor, readSequence(cursor));
  cursor.at += 1;
  return isPlain ? inside : unknown;
}

function findEndOfClass(source: string, from: number): number {
  let at = from + 1;
  while (at < source.length && source[at] !== "]") at += source[at] === "\\" ? 2 : 1;
  return at + 1;
}

interface Quantifier {
  least: number;
  most: number;
}

function readQuantifier(cursor: Cursor): Quantifier | null {
  const found = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(
    cursor.source.slice(cursor.at, cursor.at + 40),
  );
  if (!found) return null;
  cursor.at += found[0].length;
  const [text, least, range, most] = found;
  if (text.startsWith("?")) return { least: 0, most: 1 };
  if (least === undefined) return { least: text.startsWith("+") ? 1 : 0, most: Infinity };
  if (range === undefined) return { least: Number(least), most: Number(least) };
  return { least: Number(least), most: most ? Number(most) : Infinity };
}

function repeat(part: Ways, quantifier: Quantifier | null): Ways {
  if (!quantifier) return part;
  const { least, most } = quantifier;
  const isOnce = part.choices === 1 && part.degree === 0;
  if (isOnce) {
    const counts = most - least + 1;
    const steps = Math.max(1, least) * part.steps;
    return counts > FEW ? { choices: 1, degree: 1, steps } : { choices: counts, degree: 0, steps };
  }
  // Nested choices cause catastrophic backtracking.
  if (most > FEW) return unknown;
  const { choices, degree, steps } = part;
  return {
    choices: (most - least + 1) * choices ** most,
    degree: degree * most,
    steps: steps * most,
  };
}

function multiply(left: Ways, right: Ways): Ways {
  return {
    choices: left.choices * right.choices,
    degree: left.degree + right.degree,
    steps: left.steps + right.steps,
  };
}

function add(left: Ways, right: Ways): Ways {
  return {
    choices: left.choices + right.choices,
    degree: Math.max(left.degree, right.degree),
    steps: Math.max(left.steps, right.steps),
  };
}
