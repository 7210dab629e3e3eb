import { Button, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { useNow } from "../../lib/use-now.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { InvitationRow } from "./invitation-row.tsx";
import classes from "./people.module.css";
import { RevokeInvitationDialog } from "./revoke-invitation-dialog.tsx";

const invitationListQuery = graphql(`
  query InvitationList($workspaceId: ID!, $after: String) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        invitations(first: 20, after: $after) {
          nodes {
            id
            ...InvitationRow_invitation
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

/** For admins: the links that hold, then what became of the others. */
export function InvitationList({ workspaceId }: { workspaceId: string }) {
  const now = useNow();
  const [pages, setPages] = useState<string[]>([]);
  const [revoking, setRevoking] = useState<{ id: string; title: string }>();
  const [{ data, error }, reload] = useQuery({
    query: invitationListQuery,
    variables: { workspaceId, after: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });
  const list = data?.node?.__typename === "Workspace" ? data.node.invitations : undefined;
  const failure = error && (
    <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
  );
  if (failure && !list) return failure;
  if (!list) return <RowsSkeleton rows={1} label="Loading invitations" />;

  const { hasNextPage, endCursor } = list.pageInfo;
  return (
    <Stack gap="sm">
      {failure}
      <Title order={2}>Invitations</Title>
      {list.nodes.length === 0 ? (
        <div className={`panel ${classes["empty"]}`}>
          Nobody is invited at present. An invitation is a link that you send; it holds for seven
          days, for one person.
        </div>
      ) : (
        <ul className={`panel rows ${classes["list"]}`} aria-label="Invitations">
          {list.nodes.map((invitation) => (
            <InvitationRow
              key={invitation.id}
              invitation={invitation}
              now={now}
              onRevoke={setRevoking}
            />
          ))}
        </ul>
      )}
      {hasNextPage && endCursor && (
        <Button variant="default" onClick={() => setPages([...pages, endCursor])}>
          Older ones
        </Button>
      )}
      {pages.length > 0 && (
        <Button variant="subtle" onClick={() => setPages(pages.slice(0, -1))}>
          Back to newer ones
        </Button>
      )}
      <RevokeInvitationDialog invitation={revoking} onClose={() => setRevoking(undefined)} />
    </Stack>
  );
}
