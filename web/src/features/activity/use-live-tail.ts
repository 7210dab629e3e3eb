import { useState, useSyncExternalStore } from "react";
import { useSubscription } from "urql";
import { readErrorCode } from "../../graphql/errors.ts";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { type ActivityFilters, toEventFilter } from "./activity-filters.ts";
import type { ActivityEvent } from "./describe-event.ts";
import { activityEventFragment } from "./event-fragment.ts";

const activityTailSubscription = graphql(`
  subscription ActivityTail($workspaceId: ID!, $after: String, $filter: WorkspaceEventFilter) {
    workspaceEvents(workspaceId: $workspaceId, after: $after, filter: $filter) {
      id
      cursor
      ...Activity_event
    }
  }
`);

export type LiveTail = {
  /** Newest first; of those that came, the ones to be shown now. */
  events: readonly ActivityEvent[];
  /** So many more wait, because the reader is elsewhere on the page. */
  heldCount: number;
  /** The log is another one (a back-up was restored): the list has to begin anew. */
  isLost: boolean;
};

const noEvents: readonly ActivityEvent[] = [];

/**
 * What comes after the list's first page, each event once. None is lost while the tab is hidden or the connection is gone: the
 * subscription goes on by its cursor. Nothing moves under a reader who has scrolled down.
 *
 * @param after null: the first page is not there yet
 */
export function useLiveTail(
  workspaceId: string,
  after: string | null,
  filters: ActivityFilters,
): LiveTail {
  const [{ data = noEvents, error }] = useSubscription(
    {
      query: activityTailSubscription,
      variables: { workspaceId, after, filter: toEventFilter(filters) },
      pause: after === null,
    },
    (events: readonly ActivityEvent[] | undefined = noEvents, { workspaceEvents }) => {
      const event = readFragment(activityEventFragment, workspaceEvents);
      return events.some(({ id }) => id === event.id) ? events : [event, ...events];
    },
  );
  const isAtTop = useIsAtTop();
  const [frozenAt, setFrozenAt] = useState<number | null>(null);
  if (isAtTop && frozenAt !== null) setFrozenAt(null);
  if (!isAtTop && frozenAt === null) setFrozenAt(data.length);
  const heldCount = isAtTop || frozenAt === null ? 0 : data.length - frozenAt;
  return {
    events: heldCount > 0 ? data.slice(heldCount) : data,
    heldCount,
    isLost: readErrorCode(error) === "CURSOR_INVALID",
  };
}

const topPx = 120;

function subscribeToScroll(onChange: () => void): () => void {
  window.addEventListener("scroll", onChange, { passive: true });
  return () => window.removeEventListener("scroll", onChange);
}

function useIsAtTop(): boolean {
  return useSyncExternalStore(subscribeToScroll, () => window.scrollY < topPx);
}
