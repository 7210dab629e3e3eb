import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import classes from "./dashboard.module.css";

export type ChartSeries = {
  label: string;
  /** A token of the theme: "--gh-bad". */
  color: string;
  /** One for each time; null: nothing is known there. */
  values: (number | null)[];
  kind: "bars" | "line";
};

type ChartProps = {
  /** What it shows, for who cannot see it; a table beside it has the numbers. */
  label: string;
  /** Where each piece of the range begins, in seconds since 1970. */
  times: number[];
  /** How long each piece is. */
  stepSeconds: number;
  series: ChartSeries[];
  format: (value: number) => string;
};

const heightPx = 200;

/** Draws series over time, in the theme's colours and as wide as there is room. */
export function Chart({ label, times, stepSeconds, series, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme("light");
  const latest = useRef({ times, stepSeconds, series });
  useEffect(() => {
    latest.current = { times, stepSeconds, series };
    plot.current?.setData(toData(latest.current));
  }, [times, stepSeconds, series]);
  const shape = series.map(({ label: name, color, kind }) => `${name} ${color} ${kind}`).join();

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const { current } = latest;
    const drawn = new UPlot(
      chooseOptions(element.clientWidth, current.series, format, () => readSpan(latest.current)),
      toData(current),
      element,
    );
    plot.current = drawn;
    const watcher = new ResizeObserver(() =>
      drawn.setSize({ width: element.clientWidth, height: heightPx }),
    );
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.current = null;
      drawn.destroy();
    };
    // The series' values come by setData; colours are those of the scheme at hand.
  }, [scheme, shape, format]);

  return <div ref={place} className={classes["chart"]} role="img" aria-label={label} />;
}

type Drawn = Pick<ChartProps, "times" | "stepSeconds" | "series">;

/** What is known of a piece stands in its middle. */
function toData({ times, stepSeconds, series }: Drawn): UPlot.AlignedData {
  return [times.map((start) => start + stepSeconds / 2), ...series.map(({ values }) => values)];
}

/** From the beginning of the first piece to the end of the last. */
function readSpan({ times, stepSeconds }: Drawn): [number, number] {
  const first = times[0] ?? 0;
  return [first, (times.at(-1) ?? first) + stepSeconds];
}

function readToken(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chooseOptions(
  width: number,
  series: ChartSeries[],
  format: (value: number) => string,
  span: () => [number, number],
): UPlot.Options {
  const axis = {
    stroke: readToken("--mantine-color-dimmed"),
    grid: { stroke: readToken("--gh-line"), width: 1 },
    ticks: { show: false },
    font: "12px ui-sans-serif, system-ui, sans-serif",
  };
  return {
    width,
    height: heightPx,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { range: span },
      y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] },
    },
    axes: [axis, { ...axis, size: 64, values: (_plot, splits) => splits.map(format) }],
    series: [
      {},
      ...series.map(({ label, color, kind }) => ({
        label,
        stroke: readToken(color),
        width: kind === "line" ? 2 : 0,
        ...(kind === "bars"
          ? { fill: readToken(color), paths: drawBars, points: { show: false } }
          : { points: { show: true, size: 6, fill: readToken(color) } }),
      })),
    ],
  };
}

const drawBars: UPlot.Series.PathBuilder = (...call) =>
  UPlot.paths.bars?.({ size: [0.7, 28] })(...call) ?? null;
