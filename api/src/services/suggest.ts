/** Names that come close to one that does not exist, the closest first; at most three. */
export function suggestNames(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, likeness: likenessOf(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ likeness }) => likeness > 0.3)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Sørensen–Dice coefficient of the pairs of letters: 0 nothing shared, 1 the same. */
function likenessOf(a: string, b: string): number {
  const pairsOf = (text: string) =>
    Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2));
  const rest = pairsOf(b);
  const total = pairsOf(a).length + rest.length;
  if (total === 0) return a === b ? 1 : 0;
  let shared = 0;
  for (const pair of pairsOf(a)) {
    const at = rest.indexOf(pair);
    if (at === -1) continue;
    rest.splice(at, 1);
    shared += 1;
  }
  return (2 * shared) / total;
}
