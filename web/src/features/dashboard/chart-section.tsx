import { lazy, Suspense, useState } from "react";
import { formatInstant } from "../../lib/format.ts";
import { Disclosure } from "../../ui/disclosure.tsx";
import { Section } from "../../ui/section.tsx";
import type { ChartSeries } from "./chart.tsx";
import classes from "./dashboard.module.css";
import { NumberTable } from "./number-table.tsx";

const Chart = lazy(async () => ({ default: (await import("./chart.tsx")).Chart }));

type ChartSectionProps = {
  title: string;
  starts: string[];
  bucketSeconds: number;
  series: ChartSeries[];
  format: (value: number) => string;
};

/** A chart, what its colours mean, and the same numbers as a table. */
export function ChartSection({ title, starts, bucketSeconds, series, format }: ChartSectionProps) {
  const [opened, setOpened] = useState(false);
  const write = (value: number | null | undefined) => (value == null ? "–" : format(value));
  return (
    <Section title={title}>
      <ul className={classes["legend"]}>
        {series.map(({ label, color }) => (
          <li key={label}>
            <span
              className={classes["swatch"]}
              style={{ background: `var(${color})` }}
              aria-hidden
            />
            {label}
          </li>
        ))}
      </ul>
      <Suspense fallback={<div className={classes["chart"]} />}>
        <Chart
          label={`${title}. The numbers are in the table below.`}
          times={starts.map((start) => Date.parse(start) / 1_000)}
          stepSeconds={bucketSeconds}
          series={series}
          format={format}
        />
      </Suspense>
      <Disclosure label="As a table" opened={opened} onToggle={() => setOpened(!opened)}>
        <NumberTable
          caption={title}
          heads={["From", ...series.map(({ label }) => label)]}
          rows={starts.map((start, index) => ({
            key: start,
            cells: [formatInstant(start), ...series.map(({ values }) => write(values[index]))],
          }))}
        />
      </Disclosure>
    </Section>
  );
}
