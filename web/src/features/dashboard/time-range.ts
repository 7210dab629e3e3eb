import { useState } from "react";
import { useSearchParams } from "react-router";

const hourMs = 3_600_000;

export const ranges = [
  { name: "1h", label: "1 hour", ms: hourMs },
  { name: "24h", label: "24 hours", ms: 24 * hourMs },
  { name: "7d", label: "7 days", ms: 7 * 24 * hourMs },
  { name: "30d", label: "30 days", ms: 30 * 24 * hourMs },
] as const;

export type TimeRange = (typeof ranges)[number];

/** What the address asks for; 24 hours without it. */
export function readRange(params: URLSearchParams): TimeRange {
  return ranges.find(({ name }) => name === params.get("range")) ?? ranges[1];
}

/** The times of a range that ends now, both as the API takes them. The end is the coming minute's, so that all up to now is in it. */
export function cutRange({ ms }: TimeRange, nowMs: number): { from: string; to: string } {
  const endMs = Math.floor(nowMs / 60_000 + 1) * 60_000;
  return { from: new Date(endMs - ms).toISOString(), to: new Date(endMs).toISOString() };
}

/** The chosen range, and what chooses another; it moves on with time whenever `moveOn` is called. */
export function useTimeRange() {
  const [params, setParams] = useSearchParams();
  const [nowMs, setNowMs] = useState(Date.now);
  const range = readRange(params);
  return {
    range,
    times: cutRange(range, nowMs),
    moveOn: () => setNowMs(Date.now()),
    choose(name: string) {
      setNowMs(Date.now());
      setParams(name === ranges[1].name ? {} : { range: name }, { replace: true });
    },
  };
}
