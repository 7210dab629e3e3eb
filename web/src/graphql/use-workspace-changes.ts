import { useEffect, useRef } from "react";
import { useSubscription } from "urql";
import { graphql } from "./generated/gql.ts";
import type { WorkspaceEventType } from "./generated/graphql.ts";

const workspaceChangesSubscription = graphql(`
  subscription WorkspaceChanges($workspaceId: ID!, $types: [WorkspaceEventType!]) {
    workspaceEvents(workspaceId: $workspaceId, filter: { types: $types }) {
      id
      cursor
    }
  }
`);

const leastMs = 2_000;

/**
 * Calls back when events of these types have come: soon after the first, then once in two seconds at most, however many come.
 * @param types the same array at each call
 */
export function useWorkspaceChanges(
  workspaceId: string,
  types: WorkspaceEventType[],
  onChange: () => void,
): void {
  const [{ data }] = useSubscription({
    query: workspaceChangesSubscription,
    variables: { workspaceId, types },
  });
  const eventId = data?.workspaceEvents.id;
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const calledAt = useRef(0);
  useEffect(() => {
    if (eventId === undefined || timer.current !== undefined) return;
    const waitMs = Math.max(calledAt.current + leastMs - Date.now(), 0);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      calledAt.current = Date.now();
      latest.current();
    }, waitMs);
  }, [eventId]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}
