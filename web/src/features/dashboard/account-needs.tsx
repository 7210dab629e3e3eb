import { Button, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { useWorkspaceChanges } from "../../graphql/use-workspace-changes.ts";
import { useNow } from "../../lib/use-now.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { Section } from "../../ui/section.tsx";
import { StatusIcon } from "../../ui/status-icon.tsx";
import { AccountNeedRow } from "./account-need-row.tsx";
import type { AccountNeed } from "./account-need.ts";
import classes from "./dashboard.module.css";

const accountNeedsQuery = graphql(`
  query AccountNeeds($workspaceId: ID!, $after: String) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        accountNeeds(first: 20, after: $after) {
          nodes {
            server {
              id
              name
              ...ServerStatus_server
            }
            user {
              id
              name
            }
            isMine
            state
            reason
            since
            forecast {
              at
              reason
            }
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

const states: WorkspaceEventType[] = ["OAUTH_STATE_CHANGED", "TOKEN_REFRESHED"];

type AccountNeedsProps = {
  workspaceId: string;
  /** What the person who looks can do about one of theirs. */
  renderAction: (need: AccountNeed) => ReactNode;
};

/** Accounts that need a person, now or soon. */
export function AccountNeeds({ workspaceId, renderAction }: AccountNeedsProps) {
  const nowMs = useNow();
  const [pages, setPages] = useState<string[]>([]);
  const [{ data, error }, reload] = useQuery({
    query: accountNeedsQuery,
    variables: { workspaceId, after: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });
  const retry = () => reload({ requestPolicy: "network-only" });
  useWorkspaceChanges(workspaceId, states, retry);
  const needs = data?.node?.__typename === "Workspace" ? data.node.accountNeeds : undefined;
  if (error && !needs) return <ErrorNotice error={error} onRetry={retry} />;
  if (!needs) return <RowsSkeleton rows={1} label="Loading accounts" />;
  const { nodes, totalCount, pageInfo } = needs;
  return (
    <Section
      flush
      title={totalCount > 0 ? `Accounts to look after (${totalCount})` : "Accounts to look after"}
      aside={
        <>
          {pages.length > 0 && (
            <Button size="xs" variant="subtle" onClick={() => setPages(pages.slice(0, -1))}>
              Back
            </Button>
          )}
          {pageInfo.hasNextPage && pageInfo.endCursor && (
            <Button
              size="xs"
              variant="subtle"
              onClick={() => setPages([...pages, pageInfo.endCursor ?? ""])}
            >
              Next
            </Button>
          )}
        </>
      }
    >
      {nodes.length === 0 ? (
        <div className={classes["all"]}>
          <StatusIcon tone="good" />
          <Text size="sm">Every account works, and none is known to end within seven days.</Text>
        </div>
      ) : (
        <ul className={`rows ${classes["list"]}`}>
          {nodes.map((need) => (
            <AccountNeedRow
              key={`${need.server.id} ${need.user?.id}`}
              need={need}
              nowMs={nowMs}
              action={renderAction(need)}
            />
          ))}
        </ul>
      )}
    </Section>
  );
}
