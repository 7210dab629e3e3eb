import { median } from "../statistics.ts";
import type { RoundResult, SessionMemory, StatementCounts } from "./measure.ts";

export const tableHead = [
  "",
  "(a) SDK client",
  "(b) bare Yoga",
  "(c) Gatehouse",
  "(d) connect per call",
  "goal",
];

/** The rounds of the four, in that order. */
export interface Comparison {
  concurrency: number;
  sides: RoundResult[][];
}

export function describeComparison({ concurrency, sides }: Comparison): string[][] {
  const at = concurrency === 1 ? "one at a time" : `${concurrency} at once`;
  const row = (what: string, read: (round: RoundResult) => number | null, goal: string) => [
    `${what}, ${at}`,
    ...sides.map((rounds) => formatMedian(rounds.map(read))),
    goal,
  ];
  const [a = [], b = [], c = [], d = []] = sides;
  const rates = (rounds: RoundResult[]) => rounds.map((round) => round.callsPerSecond);
  const overBare = compare(rates(c), rates(b), (x, y) => x / y);
  const overConnecting = compare(rates(c), rates(d), (x, y) => x / y);
  const p50s = (rounds: RoundResult[]) => rounds.map((round) => round.p50Ms);
  const behindSdk = compare(p50s(c), p50s(a), (x, y) => x - y);
  return [
    row(
      "calls/s",
      (round) => round.callsPerSecond,
      concurrency === 1
        ? judge("c/d", overConnecting, ">=", 3)
        : `${judge("c/b", overBare, ">=", 0.85)}; ${judge("c/d", overConnecting, ">=", 3)}`,
    ),
    row(
      "p50 ms",
      (round) => round.p50Ms,
      concurrency === 1 ? judge("c-a", behindSdk, "<=", 1.2) : "",
    ),
    row("p99 ms", (round) => round.p99Ms, ""),
    row("CPU ms a call of the server", (round) => round.cpuMsPerCall, ""),
  ];
}

export function describeStatements({ awaited, inAll }: StatementCounts): string[][] {
  return [
    ["SQL statements awaited by a call", "", "", String(awaited), "", judgeCount(awaited, 0)],
    ...inAll.map(({ concurrency, perCall }) => [
      `SQL statements in all a call, ${concurrency} at once`,
      "",
      "",
      formatNumber(perCall),
      "",
      "",
    ]),
  ];
}

export function describeHttp(perCall: readonly number[]): string[] {
  return [
    "HTTP requests a call",
    ...perCall.map(formatNumber),
    judgeCount(Math.round((perCall[2] ?? NaN) * 100) / 100, 1),
  ];
}

export function describeSessions(
  { gatehouse, sdk }: { gatehouse: SessionMemory; sdk: SessionMemory },
  count: number,
): string[][] {
  const row = (what: string, read: (memory: SessionMemory) => number) => [
    `${what} KiB a session, of ${count}`,
    formatNumber(read(sdk)),
    "",
    formatNumber(read(gatehouse)),
    "",
    "",
  ];
  return [row("heap", ({ heapKib }) => heapKib), row("RSS", ({ rssKib }) => rssKib)];
}

/** @param one with a single server in the database; @param many with as many as the title says */
export function describeFlatness(
  one: RoundResult[],
  many: RoundResult[],
  servers: number,
): string[] {
  const rates = (rounds: RoundResult[]) => rounds.map((round) => round.callsPerSecond);
  const ratio = compare(rates(many), rates(one), (x, y) => x / y);
  return [
    `calls/s, 16 at once, ${servers} servers in the database`,
    "",
    "",
    formatMedian(rates(many)),
    "",
    `of one server's ${formatMedian(rates(one))}: ${judge("ratio", ratio, ">=", 0.95)}`,
  ];
}

interface Ratio {
  middle: number;
  least: number;
  most: number;
}

/** Round by round, as both met the same machine. */
function compare(
  left: readonly number[],
  right: readonly number[],
  relate: (left: number, right: number) => number,
): Ratio {
  const related = left.map((value, round) => relate(value, right[round] ?? NaN));
  return { middle: median(related), least: Math.min(...related), most: Math.max(...related) };
}

function judge(
  what: string,
  { middle, least, most }: Ratio,
  sign: ">=" | "<=",
  goal: number,
): string {
  const isMet = sign === ">=" ? middle >= goal : middle <= goal;
  const spread = `${least.toFixed(2)}..${most.toFixed(2)}`;
  return `${what} ${middle.toFixed(2)} (${spread}) ${sign} ${goal} ${isMet ? "met" : "missed"}`;
}

function judgeCount(value: number, goal: number): string {
  return `${goal} ${value === goal ? "met" : "missed"}`;
}

function formatMedian(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? "" : formatNumber(median(known));
}

function formatNumber(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
