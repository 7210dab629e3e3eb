import { Skeleton, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { OAuthState } from "../../graphql/generated/graphql.ts";
import { reasonWords } from "../../lib/words.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Notice } from "../../ui/notice.tsx";
import { ExecutionResult } from "./execution-result.tsx";
import type { ToolAnswer, ToolRun } from "./use-tool-run.ts";

type ToolOutcomeProps = { run: ToolRun; oauthState: OAuthState; reconnect: ReactNode };

/** What the last run came to; each kind of answer with its next step. */
export function ToolOutcome({ run, oauthState, reconnect }: ToolOutcomeProps) {
  switch (run.step) {
    case "idle":
    case "confirming":
      return (
        <Text size="sm" c="dimmed">
          Run the tool to see its result here.
        </Text>
      );
    case "running":
      return (
        <Stack gap="sm" role="group" aria-busy="true" aria-label="Running">
          <Skeleton height={12} width="70%" />
          <Skeleton height={12} width="90%" />
          <Skeleton height={12} width="50%" />
        </Stack>
      );
    case "failed":
      return <ErrorNotice error={run.error} />;
    case "answered":
      return <Answer answer={run.answer} oauthState={oauthState} reconnect={reconnect} />;
  }
}

type AnswerProps = { answer: ToolAnswer; oauthState: OAuthState; reconnect: ReactNode };

function Answer({ answer, oauthState, reconnect }: AnswerProps) {
  switch (answer.__typename) {
    case "ToolExecuted":
      return <ExecutionResult execution={answer.execution} />;
    case "ToolTimedOut":
      return <ExecutionResult execution={answer.execution} note={answer.message} />;
    case "ReauthRequired":
      if (oauthState === "CONNECTED") {
        return (
          <Notice tone="good" title="Connected again">
            Your arguments are still here. Run the tool again.
          </Notice>
        );
      }
      return (
        reconnect || (
          <Notice tone="act" title="Sign-in needed">
            {reasonWords[answer.reason]}
          </Notice>
        )
      );
    case "ToolNotFound":
      return (
        <Notice tone="bad" role="alert" title={answer.message}>
          {answer.suggestions.length > 0 && `Did you mean ${answer.suggestions.join(", ")}?`}
        </Notice>
      );
    case "InvalidToolArguments":
      return (
        <Notice tone="bad" role="alert" title={answer.message}>
          {answer.issues.map((issue) => (
            <div key={`${issue.path} ${issue.message}`}>
              {issue.path && <span className="mono">{issue.path} </span>}
              {issue.message}
            </div>
          ))}
        </Notice>
      );
    case "ServerUnreachable":
      return (
        <Notice tone="bad" role="alert" title={answer.message}>
          {answer.retryable && "Nothing was run. Try again in a moment."}
        </Notice>
      );
    case "ToolConfirmationRequired":
    case "ToolDenied":
    case "ServerDisabled":
    case "CredentialsRejected":
      return <Notice tone="bad" role="alert" title={answer.message} />;
  }
}
