import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import { formatDuration, formatShare } from "../../lib/format.ts";
import { serverPath } from "../../lib/paths.ts";
import { Section } from "../../ui/section.tsx";
import { ChartSection } from "./chart-section.tsx";
import classes from "./dashboard.module.css";
import { NumberTable } from "./number-table.tsx";
import type { Statistics } from "./statistics-query.ts";
import { Tiles } from "./tiles.tsx";

const formatCount = (count: number) => (Number.isInteger(count) ? String(count) : "");

/** Runs, durations, errors and renewals over the range. */
export function StatisticsView({ statistics }: { statistics: Statistics }) {
  const { total, tokens, servers, buckets } = statistics;
  const pieces = {
    starts: buckets.map(({ startsAt }) => startsAt),
    bucketSeconds: statistics.bucketSeconds,
  };
  return (
    <>
      <Tiles total={total} tokens={tokens} />
      <div className={classes["charts"]}>
        <ChartSection
          title="Runs over time"
          {...pieces}
          format={formatCount}
          series={[
            {
              label: "All runs",
              color: "--mantine-color-anchor",
              kind: "bars",
              values: buckets.map(({ runs }) => runs.runs),
            },
            {
              label: "Failed",
              color: "--gh-bad",
              kind: "bars",
              values: buckets.map(({ runs }) => runs.failed),
            },
          ]}
        />
        <ChartSection
          title="Duration over time"
          {...pieces}
          format={formatDuration}
          series={[
            {
              label: "p50, half took no longer",
              color: "--gh-good",
              kind: "line",
              values: buckets.map(({ runs }) => runs.p50Ms ?? null),
            },
            {
              label: "p95, 95 of 100 took no longer",
              color: "--mantine-color-anchor",
              kind: "line",
              values: buckets.map(({ runs }) => runs.p95Ms ?? null),
            },
          ]}
        />
        <ChartSection
          title="Access renewed over time"
          {...pieces}
          format={formatCount}
          series={[
            {
              label: "Renewed",
              color: "--gh-good",
              kind: "bars",
              values: buckets.map((bucket) => bucket.tokens.refreshed),
            },
            {
              label: "Sign-in needed",
              color: "--mantine-color-anchor",
              kind: "bars",
              values: buckets.map((bucket) => bucket.tokens.reauthRequired),
            },
          ]}
        />
        <Section title="Servers" flush={servers.length > 0}>
          {servers.length === 0 ? (
            <p className={classes["dim"]}>No tool ran in this time.</p>
          ) : (
            <NumberTable
              caption="Runs by server"
              heads={["Server", "Runs", "Errors", "p50", "p95"]}
              rows={servers.map(({ serverId, server, runs }) => ({
                key: serverId ?? "",
                cells: [
                  server ? (
                    <Anchor key="name" component={Link} to={serverPath(server.id)} inherit>
                      {server.name}
                    </Anchor>
                  ) : (
                    "Deleted servers"
                  ),
                  runs.runs,
                  runs.errorRate == null ? "–" : formatShare(runs.errorRate),
                  runs.p50Ms == null ? "–" : formatDuration(runs.p50Ms),
                  runs.p95Ms == null ? "–" : formatDuration(runs.p95Ms),
                ],
              }))}
            />
          )}
        </Section>
      </div>
    </>
  );
}
