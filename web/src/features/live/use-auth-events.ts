import { useEffect, useState } from "react";
import { useClient, useSubscription } from "urql";
import { readErrorCode } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { stateWords } from "../../lib/words.ts";

const authStateChangedSubscription = graphql(`
  subscription AuthStateChanged($workspaceId: ID!, $after: String) {
    authStateChanged(workspaceId: $workspaceId, after: $after) {
      id
      cursor
      state
      reason
      serverId
      server {
        id
        name
        ...ServerStatus_server
      }
    }
  }
`);

const eventCursorQuery = graphql(`
  query EventCursor($workspaceId: ID!) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        eventCursor
      }
    }
  }
`);

/**
 * Follows every change of an auth state from the cursor of the page's first snapshot on. The cache
 * takes the new status from the event, so every screen that shows the server changes with it.
 *
 * @returns true when the stream has ended and only a reload of the page starts it again
 */
export function useAuthEvents(workspaceId: string, snapshotCursor: string): boolean {
  const client = useClient();
  const [after, setAfter] = useState(snapshotCursor);
  const [{ data, error }] = useSubscription({
    query: authStateChangedSubscription,
    variables: { workspaceId, after },
  });
  const event = data?.authStateChanged;

  useEffect(() => {
    if (event?.server) announce(`${event.server.name}: ${stateWords[event.state].label}`);
  }, [event]);

  // The log was restored from a back-up: what was seen may be wrong, so the stream begins anew.
  const gap = readErrorCode(error) === "CURSOR_INVALID";
  useEffect(() => {
    if (!gap) return undefined;
    let current = true;
    void client
      .query(eventCursorQuery, { workspaceId }, { requestPolicy: "network-only" })
      .toPromise()
      .then(({ data: fresh }) => {
        if (current && fresh?.node?.__typename === "Workspace") setAfter(fresh.node.eventCursor);
      });
    return () => {
      current = false;
    };
  }, [gap, client, workspaceId]);

  return error !== undefined && !gap;
}
