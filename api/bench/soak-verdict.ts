/** What a process holds at a moment, by name. */
export type Sample = Record<string, number>;

/** Of what it had in the second quarter of the run, and in units of its own: what may come with chance. */
const mayGrow: Record<string, { factor: number; units: number }> = {
  "memory, MiB": { factor: 1.2, units: 48 },
  "heap, MiB": { factor: 1.2, units: 16 },
  handles: { factor: 1.1, units: 8 },
  "open files": { factor: 1.1, units: 8 },
  "database connections": { factor: 1.1, units: 4 },
};

/**
 * Compares the last quarter with the second: in the first, pools fill and code is compiled. Of each the least, which is what is left
 * after a collection of garbage.
 * @returns a line for each kind, and a sentence for each that has grown
 */
export function describeSoak(samples: readonly Sample[]): { lines: string[]; faults: string[] } {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return { lines: [], faults: ["There are too few samples."] };
  const leastOf = (part: readonly Sample[], kind: string) =>
    Math.min(...part.map((sample) => sample[kind] ?? Number.NaN));
  const lines: string[] = [];
  const faults: string[] = [];
  for (const [kind, { factor, units }] of Object.entries(mayGrow)) {
    const before = leastOf(samples.slice(quarter, 2 * quarter), kind);
    const after = leastOf(samples.slice(-quarter), kind);
    lines.push(
      `${kind.padEnd(22)} ${before.toFixed(1).padStart(8)} -> ${after.toFixed(1).padStart(8)}`,
    );
    // Not a number is a fault, too.
    if (!(after <= before * factor + units)) faults.push(`${kind}: it has grown.`);
  }
  return { lines, faults };
}
