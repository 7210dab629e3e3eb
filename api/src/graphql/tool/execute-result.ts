import type { CatalogTool } from "#services/catalog/catalogs.ts";
import type { Execution } from "#services/tool/execution-history.ts";
import type { OAuthReason as OAuthReasonName } from "#oauth/state.ts";
import { notFound } from "#services/access/service-error.ts";
import { builder } from "../builder.ts";
import { UserError } from "../shared.ts";
import { OAuthReason } from "../oauth/state.ts";
import { McpTool } from "../server/tool.ts";
import { ToolExecution } from "./execution.ts";

interface Failure<Name extends string> {
  __typename: Name;
  message: string;
}

const ToolExecuted = builder
  .objectRef<{ __typename: "ToolExecuted"; execution: Execution }>("ToolExecuted")
  .implement({
    fields: (t) => ({
      execution: t.field({ type: ToolExecution, resolve: ({ execution }) => execution }),
    }),
  });

export const ReauthRequired = builder
  .objectRef<Failure<"ReauthRequired"> & { serverId: string; reason: OAuthReasonName }>(
    "ReauthRequired",
  )
  .implement({
    description: "The account must be connected again by a user. Call startOAuth.",
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
        description: "The names of similar tools.",
      }),
    }),
  });

export const ArgumentIssue = builder
  .objectRef<{ path: string; message: string }>("ArgumentIssue")
  .implement({
    description: "A validation error in the arguments of a tool or prompt.",
    fields: (t) => ({
      path: t.exposeString("path", {
        description: "A JSON Pointer to the invalid value in the arguments.",
      }),
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
  .objectRef<Failure<"ToolConfirmationRequired"> & { serverId: string; tool: CatalogTool }>(
    "ToolConfirmationRequired",
  )
  .implement({
    description:
      "The tool's policy is ASK, which is the default for tools with `destructiveHint: true`, and `confirmed` was not set.",
    interfaces: [UserError],
    fields: (t) => ({
      tool: t.field({ type: McpTool, resolve: ({ serverId, tool }) => ({ serverId, tool }) }),
    }),
  });

const ToolDenied = builder.objectRef<Failure<"ToolDenied">>("ToolDenied").implement({
  description: "The workspace's policy denies the tool.",
  interfaces: [UserError],
});

const ToolTimedOut = builder
  .objectRef<Failure<"ToolTimedOut"> & { execution: Execution }>("ToolTimedOut")
  .implement({
    interfaces: [UserError],
    fields: (t) => ({
      execution: t.field({ type: ToolExecution, resolve: ({ execution }) => execution }),
    }),
  });

export const ServerDisabled = builder
  .objectRef<Failure<"ServerDisabled"> & { serverId: string }>("ServerDisabled")
  .implement({ interfaces: [UserError] });

export const CredentialsRejected = builder
  .objectRef<Failure<"CredentialsRejected"> & { serverId: string }>("CredentialsRejected")
  .implement({
    description: "The server rejected the configured headers.",
    interfaces: [UserError],
  });

export const ServerUnreachable = builder
  .objectRef<Failure<"ServerUnreachable"> & { retryable: boolean }>("ServerUnreachable")
  .implement({
    description: "The MCP server or its authorization server did not return a usable response.",
    interfaces: [UserError],
    fields: (t) => ({
      retryable: t.exposeBoolean("retryable", {
        description:
          "Whether the call can be retried: nothing was run, and a later attempt may succeed.",
      }),
    }),
  });

for (const failure of [ReauthRequired, ServerDisabled, CredentialsRejected])
  builder.objectField(failure, "server", (t) =>
    t.prismaField({
      type: "McpServer",
      resolve: async (query, { serverId }, _args, { db }) => {
        const server = await db.mcpServer.findUnique({ ...query, where: { id: serverId } });
        // The server was permanently deleted during the call.
        if (!server) throw notFound("server");
        return server;
      },
    }),
  );

export const ExecuteToolResult = builder.unionType("ExecuteToolResult", {
  types: [
    ToolExecuted,
    ReauthRequired,
    ToolNotFound,
    InvalidToolArguments,
    ToolConfirmationRequired,
    ToolDenied,
    ToolTimedOut,
    ServerDisabled,
    CredentialsRejected,
    ServerUnreachable,
  ],
  resolveType: ({ __typename }) => __typename,
});
