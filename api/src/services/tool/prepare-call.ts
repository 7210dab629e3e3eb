import { validateArguments, type ArgumentIssue } from "#mcp/json-schema/arguments.ts";
import type { PausableTimeout } from "#mcp/elicitation/pausable-timeout.ts";
import type { JsonObject } from "#mcp/json-schema/json.ts";
import { type WrittenArguments, writeArguments } from "./argument-limits.ts";
import type { CallContext } from "./call-contexts.ts";
import type { Catalogs, CatalogTool, FoundTool } from "../catalog/catalogs.ts";
import { type ExecuteAnswer, reauthRequired, withoutToolsAnswer } from "./execute-answer.ts";
import { suggestNames } from "./similar-names.ts";
import { decidePolicy, type PolicyDecision } from "../catalog/tool-policy.ts";

/** A call as requested by the caller. */
export interface WantedCall {
  toolName: string;
  /** Null and undefined mean no arguments. */
  arguments: unknown;
  /** Whether the user has confirmed the call. */
  confirmed: boolean;
}

/** A call that has passed all checks. */
export interface PreparedCall {
  __typename?: never;
  tool: CatalogTool;
  arguments: JsonObject;
  written: WrittenArguments;
}

/** Performs all checks that are possible before the call is sent. With cached data it needs no database query. */
export async function prepareCall(
  catalogs: Pick<Catalogs, "find" | "noteUse">,
  context: CallContext,
  wanted: WantedCall,
  clock: Pick<PausableTimeout, "within">,
): Promise<PreparedCall | ExecuteAnswer> {
  const { server } = context;
  if (!server.enabled)
    return {
      __typename: "ServerDisabled",
      message: `${server.name} is disabled.`,
      serverId: server.id,
    };
  if (context.reason !== null) return reauthRequired(server, context.reason);

  const listed = context.tools?.find(({ name }) => name === wanted.toolName);
  const { ownerId, fetchedAt } = context;
  if (fetchedAt) catalogs.noteUse({ serverId: server.id, ownerId }, fetchedAt);
  const found: FoundTool | null = listed
    ? { tool: listed }
    : await clock.within(catalogs.find(server, context.ownerId, wanted.toolName));
  if (!found)
    return {
      __typename: "ServerUnreachable",
      message: `${server.name} did not list its tools in time. The tool was not run.`,
      retryable: true,
    };
  if (!found.tool) {
    if (found.failure !== null) return withoutToolsAnswer(server, found.failure);
    return {
      __typename: "ToolNotFound",
      message: `${server.name} has no tool "${wanted.toolName}".`,
      suggestions: suggestNames(wanted.toolName, found.names),
    };
  }
  const { tool } = found;
  const title = tool.title ?? tool.name;
  const decision = decidePolicy(tool, context.policies.get(tool.name), context.newToolPolicy);
  const { kind, isChangedSinceApproval } = decision;
  if (kind === "DENY") return { __typename: "ToolDenied", message: explainDenial(title, decision) };

  const args = wanted.arguments ?? {};
  const written = writeArguments(args);
  if ("fault" in written) return invalid(tool, [{ path: "", message: written.fault }]);
  const issues = validateArguments(tool.inputSchema, args);
  if (issues.length > 0) return invalid(tool, issues);
  if (kind === "ASK" && !wanted.confirmed)
    return {
      __typename: "ToolConfirmationRequired",
      message: `${explain(title, isChangedSinceApproval)} Confirm the call to run it.`,
      serverId: server.id,
      tool,
    };
  return { tool, arguments: args as JsonObject, written };
}

function explain(title: string, isChangedSinceApproval: boolean): string {
  return isChangedSinceApproval
    ? `The definition of ${title} has changed since it was approved.`
    : `${title} requires confirmation.`;
}

function explainDenial(title: string, { isNew, needsReview }: PolicyDecision): string {
  if (isNew)
    return `${title} is a new tool. An admin of the workspace must review it before it can run.`;
  return needsReview
    ? `${title} has changed since it was reviewed. An admin of the workspace must review it before it can run.`
    : `This workspace does not allow ${title}.`;
}

function invalid(tool: CatalogTool, issues: ArgumentIssue[]): ExecuteAnswer {
  return {
    __typename: "InvalidToolArguments",
    message: `The arguments do not match the schema of ${tool.name}.`,
    issues,
  };
}
