import { Button } from "@mantine/core";
import { useQuery } from "urql";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ActivityPageQuery } from "../../graphql/generated/graphql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { type ActivityFilters, toEventFilter } from "./activity-filters.ts";
import { activityEventFragment } from "./event-fragment.ts";
import { EventRow } from "./event-row.tsx";
import classes from "./event-row.module.css";

export const activityPageQuery = graphql(`
  query ActivityPage($workspaceId: ID!, $before: String, $filter: WorkspaceEventFilter) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        eventCursor
        events(last: 50, before: $before, filter: $filter) {
          nodes {
            ...Activity_event
          }
          pageInfo {
            hasPreviousPage
            endCursor
          }
        }
      }
    }
  }
`);

/** What an answer holds of the log; undefined until there is one. */
export function readLog(data: ActivityPageQuery | undefined) {
  if (data?.node?.__typename !== "Workspace") return undefined;
  const { events, eventCursor } = data.node;
  return {
    eventCursor,
    events: readFragment(activityEventFragment, events.nodes),
    olderThan: events.pageInfo.hasPreviousPage ? (events.pageInfo.endCursor ?? null) : null,
  };
}

type OlderPageProps = {
  workspaceId: string;
  before: string;
  filters: ActivityFilters;
  nowMs: number;
  /** Of the last page alone. */
  onMore: ((before: string) => void) | undefined;
};

/** A further page of the log, below the first. */
export function OlderPage({ workspaceId, before, filters, nowMs, onMore }: OlderPageProps) {
  const [{ data, error }, reload] = useQuery({
    query: activityPageQuery,
    variables: { workspaceId, before, filter: toEventFilter(filters) },
  });
  const log = readLog(data);
  if (!log && error)
    return <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />;
  if (!log) return <RowsSkeleton rows={5} label="Loading older events" />;
  return (
    <>
      {log.events.length > 0 && (
        <ol className={`panel rows ${classes["list"]} ${classes["more"]}`}>
          {log.events.map((event) => (
            <EventRow key={event.id} event={event} nowMs={nowMs} />
          ))}
        </ol>
      )}
      {onMore && <MoreButton olderThan={log.olderThan} onMore={onMore} />}
    </>
  );
}

type MoreButtonProps = { olderThan: string | null; onMore: (before: string) => void };

export function MoreButton({ olderThan, onMore }: MoreButtonProps) {
  if (olderThan === null) return null;
  return (
    <Button variant="default" className={classes["more"]} onClick={() => onMore(olderThan)}>
      Show older events
    </Button>
  );
}
