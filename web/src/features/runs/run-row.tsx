import { Link } from "react-router";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { formatDuration, formatInstant, formatRelative } from "../../lib/format.ts";
import { runPath } from "../../lib/paths.ts";
import { executionWords } from "../../lib/words.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import classes from "./run-row.module.css";

const runRowFragment = graphql(`
  fragment RunRow_run on ToolExecution {
    id
    toolName
    status
    startedAt
    durationMs
    startedBy {
      id
      name
    }
    server {
      id
      name
    }
  }
`);

export type RowOfRun = { id: string } & FragmentType<typeof runRowFragment>;

/** One run of the history: what came of it, where, who, how long and when. */
export function RunRow({ run, nowMs }: { run: RowOfRun; nowMs: number }) {
  const { id, toolName, status, startedAt, durationMs, startedBy, server } = readFragment(
    runRowFragment,
    run,
  );
  return (
    <li className={classes["row"]} data-run={toolName}>
      <span className={classes["status"]}>
        <StatusBadge {...executionWords[status]} />
      </span>
      <div className={classes["what"]}>
        <Link to={runPath(id)} className={`plain truncate mono ${classes["tool"]}`}>
          {toolName}
        </Link>
        <div className={`truncate ${classes["dim"]}`}>{server?.name ?? "A deleted server"}</div>
      </div>
      <span className={`truncate ${classes["dim"]}`}>{startedBy?.name ?? "Somebody gone"}</span>
      <span className={`${classes["number"]} ${classes["duration"]}`}>
        {durationMs == null ? "" : formatDuration(durationMs)}
      </span>
      <time
        className={`${classes["number"]} ${classes["dim"]}`}
        dateTime={startedAt}
        title={formatInstant(startedAt)}
      >
        {formatRelative(startedAt, nowMs)}
      </time>
    </li>
  );
}
