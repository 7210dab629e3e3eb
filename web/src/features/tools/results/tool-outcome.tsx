import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { OAuthReason, OAuthState } from "../../../graphql/generated/graphql.ts";
import { reasonWords } from "../../../lib/words.ts";
import { ErrorNotice } from "../../../ui/error-notice.tsx";
import { Notice } from "../../../ui/notice.tsx";
import { ExecutionResult } from "./execution-result.tsx";
import { RunningTool } from "../run/running-tool.tsx";
import type { ToolRefusal, ToolRun } from "../run/use-tool-run.ts";

type Account = { oauthState: OAuthState; reconnect: ReactNode };
type ToolOutcomeProps = Account & { run: ToolRun };

/** What the last run came to; each kind of answer with its next step. */
export function ToolOutcome({ run, ...account }: ToolOutcomeProps) {
  switch (run.step) {
    case "idle":
    case "confirming":
      return (
        <Text size="sm" c="dimmed">
          Run the tool to see its result here.
        </Text>
      );
    case "running":
      return <RunningTool execution={run.execution} />;
    case "failed":
      return <ErrorNotice error={run.error} />;
    case "refused":
      return <Refusal answer={run.answer} {...account} />;
    case "over":
      return run.execution.status === "REAUTH_REQUIRED" ? (
        <SignInNeeded {...account} />
      ) : (
        <ExecutionResult execution={run.execution} />
      );
  }
}

function SignInNeeded({ oauthState, reconnect, reason }: Account & { reason?: OAuthReason }) {
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
        {reason ? reasonWords[reason] : "The server wants your consent again."}
      </Notice>
    )
  );
}

function Refusal({ answer, ...account }: Account & { answer: ToolRefusal }) {
  switch (answer.__typename) {
    case "ReauthRequired":
      return <SignInNeeded {...account} reason={answer.reason} />;
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
