import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readErrorCode } from "../../../graphql/errors.ts";
import { graphql } from "../../../graphql/generated/gql.ts";
import type { ElicitationAction } from "../../../graphql/generated/graphql.ts";
import { announce } from "../../../lib/announce.ts";
import { describeError } from "../../../lib/describe-error.ts";
import type { ArgumentFault } from "../arguments/check-arguments.ts";

const answerElicitationMutation = graphql(`
  mutation AnswerElicitation($input: AnswerElicitationInput!) {
    answerElicitation(input: $input) {
      __typename
      ... on ElicitationAnswered {
        elicitation {
          id
          status
        }
      }
      ... on InvalidElicitationAnswer {
        message
        issues {
          path
          message
        }
      }
    }
  }
`);

const said: Record<ElicitationAction, string> = {
  ACCEPT: "Your answer was sent.",
  DECLINE: "The question was declined.",
  CANCEL: "The question was cancelled.",
};

const nothing: ArgumentFault[] = [];

/** Sends the answer to one question. `onOver` is called once it is answered, here or elsewhere. */
export function useAnswer(id: string, onOver: () => void) {
  const [{ fetching }, send] = useMutation(answerElicitationMutation);
  const [error, setError] = useState<CombinedError>();
  const [issues, setIssues] = useState(nothing);

  async function answer(action: ElicitationAction, content?: Record<string, unknown>) {
    setError(undefined);
    const result = await send({ input: { id, action, content } });
    const outcome = result.data?.answerElicitation;
    if (outcome?.__typename === "InvalidElicitationAnswer") return setIssues(outcome.issues);
    if (outcome) {
      announce(said[action]);
      return onOver();
    }
    if (!result.error) return;
    // Somebody was first, or time is up: there is nothing left to answer.
    if (readErrorCode(result.error) !== "CONFLICT") return setError(result.error);
    notifications.show({ color: "red", message: describeError(result.error) });
    onOver();
  }

  return {
    answer: (action: ElicitationAction, content?: Record<string, unknown>) =>
      void answer(action, content),
    busy: fetching,
    error,
    issues,
  };
}
