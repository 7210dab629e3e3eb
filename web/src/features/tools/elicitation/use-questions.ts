import { useEffect, useState } from "react";
import { useQuery, useSubscription } from "urql";
import { graphql } from "../../../graphql/generated/gql.ts";
import type { PendingQuestionsQuery } from "../../../graphql/generated/graphql.ts";

const pendingQuestionsQuery = graphql(`
  query PendingQuestions($workspaceId: ID!) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        elicitations(first: 20) {
          nodes {
            id
            expiresAt
            server {
              id
              name
              url
            }
            execution {
              id
              toolName
            }
            mode
            message
            requestedSchema
            url
          }
        }
      }
    }
  }
`);

const inputRequestedSubscription = graphql(`
  subscription InputRequested($workspaceId: ID!, $after: String) {
    workspaceEvents(
      workspaceId: $workspaceId
      after: $after
      filter: { types: [INPUT_REQUESTED] }
    ) {
      id
      cursor
    }
  }
`);

const askingRunSubscription = graphql(`
  subscription AskingRun($id: ID!) {
    toolExecutionUpdated(id: $id) {
      id
      status
      elicitation {
        id
      }
    }
  }
`);

type Node = NonNullable<PendingQuestionsQuery["node"]>;
export type PendingQuestion = Extract<
  Node,
  { __typename: "Workspace" }
>["elicitations"]["nodes"][number];

/**
 * The oldest question that waits for the person: from the page's load on, as they come, and until it is answered (here or elsewhere)
 * or over.
 */
export function useQuestions(workspaceId: string, eventCursor: string) {
  const [{ data }, execute] = useQuery({
    query: pendingQuestionsQuery,
    variables: { workspaceId },
    requestPolicy: "network-only",
  });
  const pending = data?.node?.__typename === "Workspace" ? data.node.elicitations.nodes : [];
  const question = pending[0];
  const reload = () => execute({ requestPolicy: "network-only" });

  const [after, setAfter] = useState<string | null>(eventCursor);
  const [asked] = useSubscription({
    query: inputRequestedSubscription,
    variables: { workspaceId, after },
  });
  const eventId = asked.data?.workspaceEvents.id;
  // A log that was restored has another cursor: what comes from now on will do, for what is open is read anew.
  const isLost = asked.error !== undefined && after !== null;
  useEffect(() => {
    if (isLost) setAfter(null);
  }, [isLost]);

  const runId = question?.execution?.id;
  const [run] = useSubscription({
    query: askingRunSubscription,
    variables: { id: runId ?? "" },
    pause: runId === undefined,
  });
  const update = run.data?.toolExecutionUpdated;
  const openId = update?.id === runId ? (update?.elicitation?.id ?? null) : undefined;
  const isOver = question !== undefined && openId !== undefined && openId !== question.id;

  useEffect(() => {
    if (eventId !== undefined || isOver) execute({ requestPolicy: "network-only" });
  }, [eventId, isOver, execute]);

  return { question: isOver ? undefined : question, reload };
}
