import type { McpServer } from "@gatehouse/prisma";
import type { ArgumentIssue } from "#mcp/json-schema/arguments.ts";
import type { Failure } from "#mcp/connection/classify-error.ts";
import type { OAuthReason } from "#oauth/state.ts";
import type { Execution } from "#storage/execution.ts";
import type { CatalogTool } from "../catalog/catalogs.ts";
import type { Stop } from "../grant/refusal.ts";

/** The result of `executeTool`: the execution, or the reason that the tool was not run or returned no result. */
export type ExecuteAnswer =
  | { __typename: "ToolExecuted"; execution: Execution }
  | { __typename: "ToolNotFound"; message: string; suggestions: string[] }
  | { __typename: "InvalidToolArguments"; message: string; issues: ArgumentIssue[] }
  | {
      __typename: "ToolConfirmationRequired";
      message: string;
      serverId: string;
      tool: CatalogTool;
    }
  | { __typename: "ToolDenied"; message: string }
  | { __typename: "ToolTimedOut"; message: string; execution: Execution }
  | { __typename: "ServerDisabled"; message: string; serverId: string }
  | RefusedAnswer;

/** The reason that no request could be made to a server. */
export type RefusedAnswer =
  | { __typename: "ReauthRequired"; message: string; serverId: string; reason: OAuthReason }
  | { __typename: "CredentialsRejected"; message: string; serverId: string }
  | { __typename: "ServerUnreachable"; message: string; retryable: boolean };

export function reauthRequired(server: McpServer, reason: OAuthReason): RefusedAnswer {
  return {
    __typename: "ReauthRequired",
    message:
      reason === "NOT_CONNECTED"
        ? `Connect an account to ${server.name} first.`
        : `${server.name} needs your consent again.`,
    serverId: server.id,
    reason,
  };
}

/**
 * Maps refused credentials to a result, whether the server refused them or Gatehouse had none to send. All kinds of requests use this
 * classification (S11).
 */
export function refusedAnswer(
  server: McpServer,
  failure: Extract<Failure, { kind: "refused" }>,
  message: string,
): RefusedAnswer {
  const stop = failure.stop as Stop | null;
  if (stop?.kind === "reauth") return reauthRequired(server, stop.reason);
  return stop?.kind === "headers-rejected"
    ? { __typename: "CredentialsRejected", message, serverId: server.id }
    : { __typename: "ServerUnreachable", message, retryable: stop?.kind === "transient" };
}

/** Maps a failure to list the server's tools to the same result that the call itself would have had. */
export function withoutToolsAnswer(
  server: McpServer,
  { message, failure }: { message: string; failure: Failure | null },
): ExecuteAnswer {
  if (failure?.kind === "refused") return refusedAnswer(server, failure, message);
  const retryable =
    failure?.kind === "unreachable" ? failure.retryable : failure?.kind !== "protocol-error";
  return { __typename: "ServerUnreachable", message, retryable };
}

export function timedOutAnswer(server: { name: string }, execution: Execution): ExecuteAnswer {
  return {
    __typename: "ToolTimedOut",
    message: `${server.name} did not answer in time. The tool may have run.`,
    execution,
  };
}
