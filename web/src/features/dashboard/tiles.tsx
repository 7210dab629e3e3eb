import { formatDuration, formatShare } from "../../lib/format.ts";
import classes from "./dashboard.module.css";
import type { Statistics } from "./statistics-query.ts";

/** The range in five numbers. */
export function Tiles({ total, tokens }: Pick<Statistics, "total" | "tokens">) {
  const renewals = tokens.refreshed + tokens.refused;
  const tiles: [string, string, string][] = [
    ["Runs", String(total.runs), total.runs === 1 ? "1 tool call" : `${total.runs} tool calls`],
    [
      "Error rate",
      total.errorRate == null ? "–" : formatShare(total.errorRate),
      `${total.failed} failed`,
    ],
    ["p50", total.p50Ms == null ? "–" : formatDuration(total.p50Ms), "Half took no longer"],
    ["p95", total.p95Ms == null ? "–" : formatDuration(total.p95Ms), "95 of 100 took no longer"],
    [
      "Renewals that worked",
      renewals === 0 ? "–" : formatShare(tokens.refreshed / renewals),
      `${tokens.refreshed} renewed, ${tokens.refused} refused`,
    ],
  ];
  return (
    <dl className={`panel ${classes["tiles"]}`}>
      {tiles.map(([name, value, detail]) => (
        <div key={name} className={classes["tile"]}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          <dd className={classes["detail"]}>{detail}</dd>
        </div>
      ))}
    </dl>
  );
}
