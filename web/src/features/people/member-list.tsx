import { Button, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { CurrentWorkspace } from "../../lib/workspace.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { LeaveDialog } from "./leave-dialog.tsx";
import { MemberEvents } from "./member-events.tsx";
import { MemberRow, type Person } from "./member-row.tsx";
import classes from "./people.module.css";
import { RemoveMemberDialog } from "./remove-member-dialog.tsx";

const memberListQuery = graphql(`
  query MemberList($workspaceId: ID!, $after: String) {
    viewer {
      user {
        id
      }
    }
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        eventCursor
        members(first: 100, after: $after) {
          nodes {
            id
            ...MemberRow_member
          }
          pageInfo {
            hasNextPage
            endCursor
          }
          totalCount
        }
      }
    }
  }
`);

/** Everybody in the workspace, in the order in which they came. */
export function MemberList({ workspace }: { workspace: CurrentWorkspace }) {
  const [pages, setPages] = useState<string[]>([]);
  const [removing, setRemoving] = useState<Person>();
  const [leaving, setLeaving] = useState(false);
  const [{ data, error }, reload] = useQuery({
    query: memberListQuery,
    variables: { workspaceId: workspace.id, after: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });
  const list = data?.node?.__typename === "Workspace" ? data.node.members : undefined;
  const eventCursor = data?.node?.__typename === "Workspace" ? data.node.eventCursor : undefined;
  const viewerId = data?.viewer?.user.id;
  const failure = error && (
    <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
  );
  if (failure && !list) return failure;
  if (!list || !viewerId) return <RowsSkeleton rows={2} label="Loading members" />;

  const { hasNextPage, endCursor } = list.pageInfo;
  return (
    <Stack gap="sm">
      {failure}
      {eventCursor && <MemberEvents workspaceId={workspace.id} eventCursor={eventCursor} />}
      <Title order={2}>People ({list.totalCount})</Title>
      <ul className={`panel rows ${classes["list"]}`} aria-label="Members">
        {list.nodes.map((member) => (
          <MemberRow
            key={member.id}
            member={member}
            workspaceId={workspace.id}
            viewer={{ id: viewerId, role: workspace.role }}
            onRemove={setRemoving}
            onLeave={() => setLeaving(true)}
          />
        ))}
      </ul>
      {hasNextPage && endCursor && (
        <Button variant="default" onClick={() => setPages([...pages, endCursor])}>
          Next 100 of {list.totalCount}
        </Button>
      )}
      {pages.length > 0 && (
        <Button variant="subtle" onClick={() => setPages(pages.slice(0, -1))}>
          Back
        </Button>
      )}
      <RemoveMemberDialog
        workspaceId={workspace.id}
        person={removing}
        onClose={() => setRemoving(undefined)}
      />
      <LeaveDialog workspace={workspace} opened={leaving} onClose={() => setLeaving(false)} />
    </Stack>
  );
}
