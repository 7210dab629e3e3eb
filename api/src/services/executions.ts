import type { McpServer, ToolExecution } from "@gatehouse/prisma";
import { validateArguments, type ArgumentIssue } from "../mcp/arguments.ts";
import type { ContentBlock } from "../mcp/content.ts";
import type { Failure } from "../mcp/errors.ts";
import { callTool, type ToolCallAnswer } from "../mcp/execute.ts";
import type { JsonObject } from "../mcp/json.ts";
import type { OAuthReason } from "../oauth/state.ts";
import type { ExecutionStore, FinishedExecution } from "../storage/execution-store.ts";
import { type Access, type Caller, isAllowed, ownerOf } from "./access.ts";
import type { Accounts } from "./accounts.ts";
import type { Background } from "./background.ts";
import type { Catalogs, CatalogTool } from "./catalogs.ts";
import { InputFaults } from "./errors.ts";
import { checkTimeout } from "./input.ts";
import type { Stop } from "./stop.ts";
import { suggestNames } from "./suggest.ts";
import { toContentBlock, type ToolContentBlock } from "./tool-content.ts";
import { describeFailure, type OpenToolSession } from "./tool-session.ts";

export interface ExecuteInput {
  serverId: string;
  toolName: string;
  arguments: unknown;
  timeoutMs: number | null;
  wait: boolean;
  confirmed: boolean;
}

export type ExecuteAnswer =
  | { __typename: "ToolExecuted"; execution: ToolExecution }
  | { __typename: "ReauthRequired"; message: string; serverId: string; reason: OAuthReason }
  | { __typename: "ToolNotFound"; message: string; suggestions: string[] }
  | { __typename: "InvalidToolArguments"; message: string; issues: ArgumentIssue[] }
  | { __typename: "ToolConfirmationRequired"; message: string; tool: CatalogTool }
  | { __typename: "ToolTimedOut"; message: string; execution: ToolExecution }
  | { __typename: "ServerDisabled" | "CredentialsRejected"; message: string; serverId: string }
  | { __typename: "ServerUnreachable"; message: string; retryable: boolean };

/** Runs of tools, and what is kept of them. */
export interface Executions {
  execute(caller: Caller | null, input: ExecuteInput): Promise<ExecuteAnswer>;
  /** Null unless the caller may see it. */
  find(caller: Caller | null, id: string): Promise<ToolExecution | null>;
  /** Null for everybody but the runner. */
  readArguments(caller: Caller | null, execution: ToolExecution): unknown;
  readContent(
    caller: Caller | null,
    execution: ToolExecution,
  ): { content: ToolContentBlock[]; structuredContent: unknown } | null;
}

export interface ExecutionsDeps {
  access: Access;
  accounts: Accounts;
  catalogs: Catalogs;
  openSession: OpenToolSession;
  store: ExecutionStore;
  background: Background;
  log(message: string, details: object): void;
}

export function createExecutions(deps: ExecutionsDeps): Executions {
  const { access, accounts, catalogs, openSession, store } = deps;

  function reauthRequired(server: McpServer, reason: OAuthReason): ExecuteAnswer {
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

  /** The server could not be asked for its tools: told as the call itself would have been. */
  function withoutTools(
    server: McpServer,
    { message, failure }: { message: string; failure: Failure | null },
  ): ExecuteAnswer {
    if (failure?.kind === "refused") return refused(server, failure, message);
    const retryable =
      failure?.kind === "unreachable" ? failure.retryable : failure?.kind !== "protocol-error";
    return { __typename: "ServerUnreachable", message, retryable };
  }

  function refused(
    server: McpServer,
    failure: Extract<Failure, { kind: "refused" }>,
    message: string,
  ): ExecuteAnswer {
    const stop = failure.stop as Stop | null;
    if (stop?.kind === "reauth") return reauthRequired(server, stop.reason);
    return stop?.kind === "headers-rejected"
      ? { __typename: "CredentialsRejected", message, serverId: server.id }
      : { __typename: "ServerUnreachable", message, retryable: stop?.kind === "transient" };
  }

  /** Records how the run ended, and says it to the caller. */
  async function conclude(
    server: McpServer,
    execution: ToolExecution,
    answer: ToolCallAnswer,
  ): Promise<ExecuteAnswer> {
    const finish = (
      status: FinishedExecution["status"],
      errorMessage: string | null,
      rest: Partial<FinishedExecution> = {},
    ) =>
      store.finish(execution.id, {
        status,
        errorMessage,
        isToolError: false,
        result: null,
        ...rest,
      });
    switch (answer.kind) {
      case "result": {
        const { content, structuredContent, isError } = answer;
        return {
          __typename: "ToolExecuted",
          execution: await finish(
            isError ? "FAILED" : "SUCCEEDED",
            // What the tool says is for its runner alone; this line is not.
            isError ? "The tool says that it failed." : null,
            {
              isToolError: isError,
              result: { content, structuredContent },
            },
          ),
        };
      }
      case "unknown-tool":
        await finish("FAILED", "The server has no such tool any more.");
        return {
          __typename: "ToolNotFound",
          message: `${server.name} has no tool "${execution.toolName}" any more.`,
          suggestions: [],
        };
      case "timed-out":
        return {
          __typename: "ToolTimedOut",
          message: `${server.name} did not answer in time. The tool may have run.`,
          execution: await finish("TIMED_OUT", "The server did not answer in time."),
        };
      case "cancelled":
        return {
          __typename: "ToolExecuted",
          execution: await finish(
            "INTERRUPTED",
            "Gatehouse was stopped while the tool ran; it may have run.",
          ),
        };
      case "unreachable":
        await finish("FAILED", "The server could not be reached.", saying(answer.message));
        return {
          __typename: "ServerUnreachable",
          message: answer.message,
          retryable: answer.retryable,
        };
      case "protocol-error": {
        const ended = await finish(
          "FAILED",
          `The server answered with an error (${answer.code}).`,
          saying(answer.message),
        );
        return answer.code === "not-mcp"
          ? { __typename: "ServerUnreachable", message: answer.message, retryable: false }
          : { __typename: "ToolExecuted", execution: ended };
      }
      case "refused": {
        const message = describeFailure(answer);
        const concluded = refused(server, answer, message);
        const needsConsent = concluded.__typename === "ReauthRequired";
        await finish(needsConsent ? "REAUTH_REQUIRED" : "FAILED", needsConsent ? null : message);
        return concluded;
      }
    }
  }

  async function run(
    server: McpServer,
    execution: ToolExecution,
    tool: CatalogTool,
    args: JsonObject,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ExecuteAnswer> {
    try {
      const target = { server, ownerId: execution.ownerId, timeoutMs, signal };
      const answer = await openSession(target, (session) =>
        callTool(session, { name: tool.name, arguments: args, timeoutMs, tool, signal }),
      );
      if (answer.kind === "result") await accounts.accepted(server, execution.ownerId);
      return await conclude(server, execution, answer);
    } catch (error) {
      await store.finish(execution.id, {
        status: "FAILED",
        errorMessage: "Something went wrong inside Gatehouse.",
        isToolError: false,
        result: null,
      });
      throw error;
    }
  }

  return {
    async execute(maybeCaller, input) {
      const { caller, server } = await access.requireServer(maybeCaller, input.serverId, "use");
      const faults = new InputFaults();
      checkTimeout(faults, "timeoutMs", input.timeoutMs);
      faults.throwIfAny();
      if (!server.enabled)
        return {
          __typename: "ServerDisabled",
          message: `${server.name} is switched off.`,
          serverId: server.id,
        };
      const ownerId = ownerOf(server, caller);
      const reason = await accounts.reasonNotToCall(server, ownerId);
      if (reason !== null) return reauthRequired(server, reason);

      const found = await catalogs.find(server, ownerId, input.toolName);
      if (!found.tool) {
        if (found.failure !== null) return withoutTools(server, found.failure);
        return {
          __typename: "ToolNotFound",
          message: `${server.name} has no tool "${input.toolName}".`,
          suggestions: suggestNames(input.toolName, found.names),
        };
      }
      const { tool } = found;
      const args = input.arguments ?? {};
      const issues = validateArguments(tool.inputSchema, args);
      if (issues.length > 0)
        return {
          __typename: "InvalidToolArguments",
          message: `The arguments do not fit ${tool.name}.`,
          issues,
        };
      if (tool.annotations?.["destructiveHint"] === true && !input.confirmed)
        return {
          __typename: "ToolConfirmationRequired",
          message: `${tool.title ?? tool.name} may destroy something. Confirm that it shall run.`,
          tool,
        };

      const execution = await store.start({
        toolName: tool.name,
        arguments: args,
        ownerId,
        startedById: caller.userId,
        workspaceId: server.workspaceId,
        serverId: server.id,
      });
      const timeoutMs = input.timeoutMs ?? server.requestTimeoutMs;
      return new Promise((resolve, reject) => {
        // A caller that goes away cancels nothing; stopping waits for what runs.
        deps.background.start("tool execution", async (signal) => {
          try {
            resolve(await run(server, execution, tool, args as JsonObject, timeoutMs, signal));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            if (!input.wait) throw error;
          }
        });
        if (!input.wait) resolve({ __typename: "ToolExecuted", execution });
      });
    },

    async find(caller, id) {
      const execution = caller && (await store.find(id));
      if (!execution) return null;
      if (execution.startedById === caller.userId)
        return (await access.roleIn(caller, execution.workspaceId)) ? execution : null;
      const role = await access.roleIn(caller, execution.workspaceId);
      return role && isAllowed(role, "administer") ? execution : null;
    },

    readArguments(caller, execution) {
      return caller?.userId === execution.startedById
        ? openOrNull(() => store.openArguments(execution))
        : null;
    },

    readContent(caller, execution) {
      if (caller?.userId !== execution.startedById) return null;
      const opened = openOrNull(() => store.openContent(execution));
      return (
        opened && {
          content: (opened.content as ContentBlock[]).map(toContentBlock),
          structuredContent: opened.structuredContent,
        }
      );
    },
  };

  /** Content whose key is gone is null by contract, and no reason to fail the rest. */
  function openOrNull<T>(open: () => T): T | null {
    try {
      return open();
    } catch (error) {
      deps.log("a run's content could not be opened", {
        error: error instanceof Error ? error.name : "unknown",
      });
      return null;
    }
  }
}

/** What a server says is for the runner alone, as results are; `errorMessage` is seen by admins and kept longer. */
function saying(text: string): Pick<FinishedExecution, "result"> {
  return { result: { content: [{ type: "text", text }], structuredContent: null } };
}
