import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { type Client, useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import { type RunFilters, toRunFilter } from "./run-filters.ts";
import { RunRow } from "./run-row.tsx";
import classes from "./run-row.module.css";

const runsQuery = graphql(`
  query Runs($workspaceId: ID!, $after: String, $filter: ToolExecutionFilter) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        toolExecutions(first: 50, after: $after, filter: $filter) {
          nodes {
            id
            ...RunRow_run
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`);

/** Has the first page asked for anew; what shows it follows. */
export function refreshRuns(client: Client, workspaceId: string, filters: RunFilters): void {
  const variables = { workspaceId, after: null, filter: toRunFilter(filters) };
  void client.query(runsQuery, variables, { requestPolicy: "network-only" }).toPromise();
}

type RunPageProps = {
  workspaceId: string;
  after: string | null;
  filters: RunFilters;
  nowMs: number;
  /** Instead of the list where there is none at all. */
  empty: ReactNode;
  /** Of the last page alone. */
  onMore: ((after: string) => void) | undefined;
};

/** One page of the history. */
export function RunPageList({ workspaceId, after, filters, nowMs, empty, onMore }: RunPageProps) {
  const [{ data, error }, reload] = useQuery({
    query: runsQuery,
    variables: { workspaceId, after, filter: toRunFilter(filters) },
    requestPolicy: after === null ? "cache-and-network" : "cache-first",
  });
  const page = data?.node?.__typename === "Workspace" ? data.node.toolExecutions : undefined;
  const retry = () => reload({ requestPolicy: "network-only" });
  if (error && !page) return <ErrorNotice error={error} onRetry={retry} />;
  if (!page) return <RowsSkeleton rows={8} label="Loading runs" />;
  const { hasNextPage, endCursor } = page.pageInfo;
  if (page.nodes.length === 0 && !hasNextPage) return after === null && empty;
  return (
    <>
      {error && <StaleNotice error={error} onRetry={retry} />}
      <ol className={`panel rows ${classes["list"]} ${after === null ? "" : classes["more"]}`}>
        {page.nodes.map((run) => (
          <RunRow key={run.id} run={run} nowMs={nowMs} />
        ))}
      </ol>
      {onMore && hasNextPage && endCursor && (
        <Button variant="default" className={classes["more"]} onClick={() => onMore(endCursor)}>
          Show older runs
        </Button>
      )}
    </>
  );
}
