import { distance } from "fastest-levenshtein";

const mostSuggestions = 3;
/** The maximum number of edits that count as a typing mistake, as a share of the longer name. Two edits are always allowed. */
const mostEdits = 0.4;
const leastEdits = 2;
/** Shorter words are contained in too many names. */
const shortestPart = 3;

/** Returns existing names that are similar to one that does not exist, most similar first, at most three. */
export function suggestNames(wanted: string, names: readonly string[]): string[] {
  const typed = wanted.toLowerCase();
  return names
    .map((name) => ({ name, edits: countEdits(typed, name.toLowerCase()) }))
    .filter(({ edits }) => edits !== null)
    .toSorted((a, b) => (a.edits ?? 0) - (b.edits ?? 0))
    .slice(0, mostSuggestions)
    .map(({ name }) => name);
}

/** The Levenshtein distance, also if one name is contained in the other. Null if it is too large for a typing mistake. */
function countEdits(typed: string, name: string): number | null {
  const edits = distance(typed, name);
  const [shorter, longer] = typed.length < name.length ? [typed, name] : [name, typed];
  const isPart = shorter.length >= shortestPart && longer.includes(shorter);
  const most = Math.max(leastEdits, Math.floor(longer.length * mostEdits));
  // Two edits can turn a short name into an unrelated word.
  return isPart || edits <= Math.min(most, longer.length - 1) ? edits : null;
}
