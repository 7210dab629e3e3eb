import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../../graphql/generated/gql.ts";
import { isUnderWay } from "./use-followed-run.ts";

const earlierRunQuery = graphql(`
  query EarlierRun($workspaceId: ID!, $serverId: ID!, $toolName: String!) {
    viewer {
      user {
        id
      }
    }
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        toolExecutions(first: 5, filter: { serverId: $serverId, toolName: $toolName }) {
          nodes {
            id
            status
            startedAt
            finishedAt
            startedBy {
              id
            }
          }
        }
      }
    }
  }
`);

export type EarlierRun = { id: string; startedAt: string };

/** How long a run that is over counts as just ended. */
const recentMs = 10 * 60_000;

/**
 * The person's newest run of a tool as it was when the page opened: one that is still going, or has just ended. A run that only
 * showed that consent is needed has nothing to show again. Null: none, or not known yet.
 */
export function useEarlierRun(
  workspaceId: string,
  serverId: string,
  toolName: string,
): EarlierRun | null {
  const [openedAtMs] = useState(Date.now);
  const [{ data }] = useQuery({
    query: earlierRunQuery,
    variables: { workspaceId, serverId, toolName },
    requestPolicy: "network-only",
  });
  if (data?.node?.__typename !== "Workspace") return null;
  const me = data.viewer?.user.id;
  const newest = data.node.toolExecutions.nodes.find(({ startedBy }) => startedBy?.id === me);
  if (!newest) return null;
  const { id, status, startedAt, finishedAt } = newest;
  if (isUnderWay(status)) return { id, startedAt };
  if (status === "REAUTH_REQUIRED") return null;
  const isRecent = finishedAt != null && openedAtMs - Date.parse(finishedAt) < recentMs;
  return isRecent ? { id, startedAt } : null;
}
