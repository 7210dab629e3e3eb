import type { ToolExecution as ExecutionRow } from "@gatehouse/prisma";
import type { CatalogTool } from "../../services/catalogs.ts";
import type { OAuthReason as OAuthReasonName } from "../../oauth/state.ts";
import { notFound } from "../../services/errors.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import { OAuthReason } from "../oauth/state.ts";
import { McpTool } from "../server/tool.ts";
import { ToolExecution } from "./execution.ts";

interface Failure<Name extends string> {
  __typename: Name;
  message: string;
}

const ToolExecuted = builder
  .objectRef<{ __typename: "ToolExecuted"; execution: ExecutionRow }>("ToolExecuted")
  .implement({
    fields: (t) => ({
      execution: t.field({ type: ToolExecution, resolve: ({ execution }) => execution }),
    }),
  });

const ReauthRequired = builder
  .objectRef<Failure<"ReauthRequired"> & { serverId: string; reason: OAuthReasonName }>(
    "ReauthRequired",
  )
  .implement({
    description: "Only a person can help: startOAuth.",
    interfaces: [UserError],
    fields: (t) => ({
      reason: t.expose("reason", { type: OAuthReason }),
    }),
  });

const ToolNotFound = builder
  .objectRef<Failure<"ToolNotFound"> & { suggestions: string[] }>("ToolNotFound")
  .implement({
    interfaces: [UserError],
    fields: (t) => ({
      suggestions: t.exposeStringList("suggestions", {
        description: "Names of tools that come close.",
      }),
    }),
  });

const ArgumentIssue = builder
  .objectRef<{ path: string; message: string }>("ArgumentIssue")
  .implement({
    description: "One thing that is wrong with a tool's arguments.",
    fields: (t) => ({
      path: t.exposeString("path", { description: "A JSON Pointer into arguments." }),
      message: t.exposeString("message"),
    }),
  });

const InvalidToolArguments = builder
  .objectRef<Failure<"InvalidToolArguments"> & { issues: { path: string; message: string }[] }>(
    "InvalidToolArguments",
  )
  .implement({
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.field({ type: [ArgumentIssue], resolve: ({ issues }) => issues }),
    }),
  });

const ToolConfirmationRequired = builder
  .objectRef<Failure<"ToolConfirmationRequired"> & { tool: CatalogTool }>(
    "ToolConfirmationRequired",
  )
  .implement({
    description: "The server declares destructiveHint: true and `confirmed` was not given.",
    interfaces: [UserError],
    fields: (t) => ({ tool: t.field({ type: McpTool, resolve: ({ tool }) => tool }) }),
  });

const ToolTimedOut = builder
  .objectRef<Failure<"ToolTimedOut"> & { execution: ExecutionRow }>("ToolTimedOut")
  .implement({
    interfaces: [UserError],
    fields: (t) => ({
      execution: t.field({ type: ToolExecution, resolve: ({ execution }) => execution }),
    }),
  });

const ServerDisabled = builder
  .objectRef<Failure<"ServerDisabled"> & { serverId: string }>("ServerDisabled")
  .implement({ interfaces: [UserError] });

const CredentialsRejected = builder
  .objectRef<Failure<"CredentialsRejected"> & { serverId: string }>("CredentialsRejected")
  .implement({
    description: "A server refused its headers.",
    interfaces: [UserError],
  });

const ServerUnreachable = builder
  .objectRef<Failure<"ServerUnreachable"> & { retryable: boolean }>("ServerUnreachable")
  .implement({
    description: "The MCP server or its authorization server did not answer as it should.",
    interfaces: [UserError],
    fields: (t) => ({
      retryable: t.exposeBoolean("retryable", {
        description: "Nothing was run, and a later try may work.",
      }),
    }),
  });

for (const failure of [ReauthRequired, ServerDisabled, CredentialsRejected])
  builder.objectField(failure, "server", (t) =>
    t.prismaField({
      type: "McpServer",
      resolve: async (query, { serverId }, _args, { db }) => {
        const server = await db.mcpServer.findUnique({ ...query, where: { id: serverId } });
        // Deleted for good while the call was under way.
        if (!server) throw notFound("server");
        return server;
      },
    }),
  );

const ExecuteToolResult = builder.unionType("ExecuteToolResult", {
  types: [
    ToolExecuted,
    ReauthRequired,
    ToolNotFound,
    InvalidToolArguments,
    ToolConfirmationRequired,
    ToolTimedOut,
    ServerDisabled,
    CredentialsRejected,
    ServerUnreachable,
  ],
  resolveType: ({ __typename }) => __typename,
});

const ExecuteToolInput = builder.inputType("ExecuteToolInput", {
  fields: (t) => ({
    serverId: t.id({ required: true }),
    toolName: t.string({ required: true }),
    arguments: t.field({ type: "JSON", description: "An object; absent means no arguments." }),
    timeoutMs: t.int({ description: "1,000 to 600,000; absent: the server's." }),
    wait: t.boolean({
      defaultValue: true,
      description: "False: answer at once with a RUNNING execution and follow it by subscription.",
    }),
    confirmed: t.boolean({
      defaultValue: false,
      description: "The person has agreed to run a tool that asks first.",
    }),
  }),
});

builder.mutationField("executeTool", (t) =>
  t.field({
    type: ExecuteToolResult,
    description: "Runs a tool with the account that the caller would use.",
    args: { input: t.arg({ type: ExecuteToolInput, required: true }) },
    resolve: (_root, { input }, { services, caller }) =>
      services.executions.execute(caller, {
        serverId: readIdOrNobody(input.serverId, "McpServer"),
        toolName: input.toolName,
        arguments: input.arguments,
        timeoutMs: input.timeoutMs ?? null,
        wait: input.wait ?? true,
        confirmed: input.confirmed ?? false,
      }),
  }),
);
