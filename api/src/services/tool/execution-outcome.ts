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
  switch (answer.kind) {
    case "result":
      return concludeResult(answer);
    case "unknown-tool":
      return concludeUnknownTool(facts);
    case "timed-out":
      return {
        outcome: { status: "TIMED_OUT", errorMessage: "The server did not answer in time." },
        answer: (execution) => timedOutAnswer(facts.server, execution),
      };
    case "cancelled":
      return { outcome: describeEnd(facts, answer.sent === true), answer: executed };
    case "unreachable":
      return concludeUnreachable(answer);
    case "protocol-error":
      return concludeProtocolError(answer);
    case "refused":
      return concludeRefusal(answer, facts);
  }
}

type AnswerOf<Kind extends ToolCallAnswer["kind"]> = Extract<ToolCallAnswer, { kind: Kind }>;

function concludeResult(answer: AnswerOf<"result">): Conclusion {
  const { content, structuredContent, isError, notes } = answer;
  return {
    outcome: {
      status: isError ? "FAILED" : "SUCCEEDED",
      // The tool's own message is visible only to the user that started the execution, while errorMessage is also visible to admins.
      errorMessage: isError ? "The tool reported an error." : null,
      isToolError: isError,
      result: { content, structuredContent, ...(notes ? { notes } : {}) },
    },
    answer: executed,
  };
}

function concludeUnknownTool({ server, toolName }: CallFacts): Conclusion {
  return {
    outcome: {
      status: "FAILED",
      errorMessage: "The server no longer has this tool.",
      freesKey: true,
    },
    answer: () => ({
      __typename: "ToolNotFound",
      message: `${server.name} no longer has a tool "${toolName}".`,
      suggestions: [],
    }),
  };
}

function concludeUnreachable({ message, sent, retryable }: AnswerOf<"unreachable">): Conclusion {
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

function concludeProtocolError({ code, message, notes }: AnswerOf<"protocol-error">): Conclusion {
  return {
    outcome: {
      status: "FAILED",
      errorMessage: `The server responded with an error (${code}).`,
      ...saying(message, notes),
    },
    answer:
      code === "not-mcp"
        ? () => ({ __typename: "ServerUnreachable", message, retryable: false })
        : executed,
  };
}

function concludeRefusal(answer: AnswerOf<"refused">, { server }: CallFacts): Conclusion {
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

function describeEnd({ endCause }: CallFacts, wasSent: boolean): ExecutionOutcome {
  // The server was notified of the cancellation, but may already have completed the tool.
  const what = wasSent ? "The tool may have run." : "The tool did not run.";
  return endCause === "CANCELLED"
    ? {
        status: "CANCELLED",
        errorMessage: `The execution was cancelled. ${what}`,
        freesKey: !wasSent,
      }
    : {
        status: "INTERRUPTED",
        errorMessage: `Gatehouse stopped before the server answered. ${what}`,
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
