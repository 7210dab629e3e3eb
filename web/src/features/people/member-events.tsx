import { useState } from "react";
import { useSubscription } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";

const memberEventsSubscription = graphql(`
  subscription MemberEvents($workspaceId: ID!, $after: String) {
    workspaceEvents(
      workspaceId: $workspaceId
      after: $after
      filter: { types: [MEMBER_CHANGED, INVITATION_CHANGED] }
    ) {
      __typename
      id
      cursor
    }
  }
`);

type MemberEventsProps = { workspaceId: string; eventCursor: string };

/** Tells the cache about changes of members and invitations, so that the lists are read again. Renders nothing. */
export function MemberEvents({ workspaceId, eventCursor }: MemberEventsProps) {
  // The first snapshot's: what has come since is replayed, so that nothing falls between.
  const [after] = useState(eventCursor);
  useSubscription({ query: memberEventsSubscription, variables: { workspaceId, after } });
  return null;
}
