import { distance } from "fastest-levenshtein";

const mostSuggestions = 3;
/** The edits that a typing mistake may be, as a share of the longer name; two edits are always one. */
const mostEdits = 0.4;
const leastEdits = 2;
/** Shorter words are part of too many names. */
const shortestPart = 3;

/** Names that come close to one that does not exist, the closest first; at most three. */
export function suggestNames(wanted: string, names: readonly string[]): string[] {
  const typed = wanted.toLowerCase();
  return names
    .map((name) => ({ name, edits: countEdits(typed, name.toLowerCase()) }))
    .filter(({ edits }) => edits !== null)
    .toSorted((a, b) => (a.edits ?? 0) - (b.edits ?? 0))
    .slice(0, mostSuggestions)
    .map(({ name }) => name);
}

/** Levenshtein's distance, also where one of the names is a part of the other; null: too far away for a mistake. */
function countEdits(typed: string, name: string): number | null {
  const edits = distance(typed, name);
  const [shorter, longer] = typed.length < name.length ? [typed, name] : [name, typed];
  const isPart = shorter.length >= shortestPart && longer.includes(shorter);
  const most = Math.max(leastEdits, Math.floor(longer.length * mostEdits));
  // A short name is another word after two edits.
  return isPart || edits <= Math.min(most, longer.length - 1) ? edits : null;
}
