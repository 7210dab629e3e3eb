import type { McpServer } from "@gatehouse/prisma";
import type { ToolCallAnswer } from "#mcp/calls/execute.ts";
import type { Execution } from "#storage/execution.ts";
import { type ExecuteAnswer, refusedAnswer, timedOutAnswer } from "./execute-answer.ts";
import type { EndCause, ExecutionOutcome } from "./running-executions.ts";
import { describeFailure } from "../grant/refusal.ts";

/** The outcome of an execution: what is recorded, and the result that the caller receives afterwards. */
export interface Conclusion {
  outcome: ExecutionOutcome;
  answer(execution: Execution): ExecuteAnswer;
}

/** Information about a call besides the server's response. */
export interface CallFacts {
  server: McpServer;
  toolName: string;
  /** The reason that the call was aborted. Null if it was not. */
  endCause: EndCause | null;
}

export function concludeRun(answer: ToolCallAnswer, facts: CallFacts): Conclusion {
  const { server, toolName } = facts;
  switch (answer.kind) {
    case "result": {
      const { content, structuredContent, isError, notes } = answer;
      return {
        outcome: {
          status: isError ? "FAILED" : "SUCCEEDED",
          // The tool's own message is visible only to the user that started the execution, while errorMessage is also visible to admins.
          errorMessage: isError ? "The tool says that it failed." : null,
          isToolError: isError,
          result: { content, structuredContent, ...(notes ? { notes } : {}) },
        },
        answer: executed,
      };
    }
    case "unknown-tool":
      return {
        outcome: {
          status: "FAILED",
          errorMessage: "The server has no such tool any more.",
          freesKey: true,
        },
        answer: () => ({
          __typename: "ToolNotFound",
          message: `${server.name} has no tool "${toolName}" any more.`,
          suggestions: [],
        }),
      };
    case "timed-out":
      return {
        outcome: { status: "TIMED_OUT", errorMessage: "The server did not answer in time." },
        answer: (execution) => timedOutAnswer(server, execution),
      };
    case "cancelled":
      return { outcome: describeEnd(facts, answer.sent === true), answer: executed };
    case "unreachable": {
      const { message, sent, retryable } = answer;
      return {
        outcome: {
          status: "FAILED",
          errorMessage: "The server could not be reached.",
          freesKey: sent === false || retryable,
          ...saying(message),
        },
        answer: () => ({ __typename: "ServerUnreachable", message, retryable }),
      };
    }
    case "protocol-error": {
      const { code, message, notes } = answer;
      return {
        outcome: {
          status: "FAILED",
          errorMessage: `The server answered with an error (${code}).`,
          ...saying(message, notes),
        },
        answer: (execution) =>
          code === "not-mcp"
            ? { __typename: "ServerUnreachable", message, retryable: false }
            : executed(execution),
      };
    }
    case "refused": {
      const message = describeFailure(answer);
      const refused = refusedAnswer(server, answer, message);
      const needsConsent = refused.__typename === "ReauthRequired";
      return {
        outcome: {
          status: needsConsent ? "REAUTH_REQUIRED" : "FAILED",
          errorMessage: needsConsent ? null : message,
          freesKey: true,
        },
        answer: () => refused,
      };
    }
  }
}

function describeEnd({ endCause }: CallFacts, wasSent: boolean): ExecutionOutcome {
  // The server was notified of the cancellation, but may already have completed the tool.
  const what = wasSent ? "The tool may have run." : "The tool did not run.";
  return endCause === "CANCELLED"
    ? { status: "CANCELLED", errorMessage: `It was cancelled. ${what}`, freesKey: !wasSent }
    : {
        status: "INTERRUPTED",
        errorMessage: `Gatehouse was stopped before it had an answer. ${what}`,
        freesKey: !wasSent,
      };
}

function executed(execution: Execution): ExecuteAnswer {
  return { __typename: "ToolExecuted", execution };
}

/**
 * Stores a server's message as the result, which only the user that started the execution can see. `errorMessage` is visible to admins and
 * kept longer.
 */
function saying(text: string, notes?: string[]): Pick<ExecutionOutcome, "result"> {
  const content = [{ type: "text", text }];
  return { result: { content, structuredContent: null, ...(notes ? { notes } : {}) } };
}
