/** One number; with a goal when there is one, which it is not to exceed. */
export type Measure = { name: string; value: number; unit: string; goal?: number };

/** The value below which this share of them lies (nearest rank). */
export function readQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? Number.NaN;
}

/** A table, as it stands in docs/performance.md. */
export function printMeasures(measures: readonly Measure[]): void {
  const write = (value: number, unit: string) => `${Math.round(value)} ${unit}`.trim();
  const rows = measures.map(({ name, value, unit, goal }) => [
    name,
    write(value, unit),
    goal === undefined ? "" : `${value <= goal ? "met" : "missed"} (${write(goal, unit)})`,
  ]);
  const table = [["", "measured", "goal"], ["---", "---:", "---:"], ...rows];
  for (const row of table) console.log(`| ${row.join(" | ")} |`);
}
