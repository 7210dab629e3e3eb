import { median } from "../statistics.ts";

/** One line of the table: the same measurement at both sides, in alternating rounds. */
export interface Comparison {
  what: string;
  unit: string;
  gatehouse: number[];
  /** Empty where there is nothing to compare with. */
  bare: number[];
  /** The most that Gatehouse may be of the bare server; absent where there is no such goal. */
  goal?: number;
}

export const tableHead = ["", "Gatehouse", "bare graphql-ws", "ratio", "rounds", "goal"];

export function formatComparison({ what, unit, gatehouse, bare, goal }: Comparison): string[] {
  const own = `${formatNumber(median(gatehouse))} ${unit}`;
  if (bare.length === 0) return [what, own, "-", "-", `${gatehouse.length} rounds`, ""];
  const ratios = gatehouse.map((value, round) => value / (bare[round] ?? NaN));
  const ratio = median(ratios);
  const spread =
    ratios.length > 1
      ? `${formatRatio(Math.min(...ratios))}-${formatRatio(Math.max(...ratios))}`
      : "1 round";
  const verdict = goal === undefined ? "" : `${ratio <= goal ? "met" : "missed"} (${goal})`;
  return [what, own, `${formatNumber(median(bare))} ${unit}`, formatRatio(ratio), spread, verdict];
}

const formatRatio = (ratio: number) => ratio.toFixed(2);

function formatNumber(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
