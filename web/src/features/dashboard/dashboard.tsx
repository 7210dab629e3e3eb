import { SegmentedControl } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useQuery } from "urql";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { useWorkspaceChanges } from "../../graphql/use-workspace-changes.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import type { AccountNeed } from "./account-need.ts";
import { AccountNeeds } from "./account-needs.tsx";
import classes from "./dashboard.module.css";
import { type Statistics, workspaceStatisticsQuery } from "./statistics-query.ts";
import { StatisticsView } from "./statistics-view.tsx";
import { ranges, useTimeRange } from "./time-range.ts";

const counted: WorkspaceEventType[] = ["TOOL_EXECUTED", "TOKEN_REFRESHED", "REAUTH_REQUIRED"];

type DashboardProps = {
  workspaceId: string;
  renderAction: (need: AccountNeed) => ReactNode;
};

/** Who needs to sign in, and how runs and renewals went over a range of time. */
export function Dashboard({ workspaceId, renderAction }: DashboardProps) {
  const { range, times, moveOn, choose } = useTimeRange();
  const [{ data, error, fetching }, reload] = useQuery({
    query: workspaceStatisticsQuery,
    variables: { workspaceId, ...times },
    requestPolicy: "cache-and-network",
  });
  const retry = () => {
    moveOn();
    reload({ requestPolicy: "network-only" });
  };
  useWorkspaceChanges(workspaceId, counted, retry);
  const fresh = data?.node?.__typename === "Workspace" ? data.node.statistics : undefined;
  // Until the next range or minute is there, the one before stays: nothing jumps.
  const [last, setLast] = useState<Statistics>();
  if (fresh && fresh !== last) setLast(fresh);
  const statistics = fresh ?? last;
  return (
    <>
      <PageHeader
        title="Dashboard"
        aside={
          <SegmentedControl
            aria-label="Range of time"
            value={range.name}
            onChange={choose}
            data={ranges.map(({ name, label }) => ({ value: name, label }))}
          />
        }
      />
      <div className={classes["stack"]}>
        <AccountNeeds workspaceId={workspaceId} renderAction={renderAction} />
        {error && statistics && <StaleNotice error={error} onRetry={retry} />}
        {error && !statistics && <ErrorNotice error={error} onRetry={retry} />}
        {!statistics && fetching && <RowsSkeleton rows={4} label="Loading statistics" />}
        {statistics && <StatisticsView statistics={statistics} />}
      </div>
    </>
  );
}
