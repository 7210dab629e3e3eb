import type { Execution, ExecutionProgress } from "#services/tool/execution-history.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { readId, readIdOrNobody } from "../global-id.ts";
import { ToolContent } from "./content.ts";

export const ToolExecutionStatus = builder.enumType("ToolExecutionStatus", {
  values: {
    RUNNING: {},
    WAITING_FOR_INPUT: {
      description: "The execution waits for the user to answer an elicitation.",
    },
    SUCCEEDED: {},
    FAILED: {
      description: "The tool reported an error (isError), or an MCP protocol error occurred.",
    },
    CANCELLED: {
      description:
        "The execution was cancelled before a response was received. The tool may or may not have run.",
    },
    TIMED_OUT: {},
    REAUTH_REQUIRED: {},
    INTERRUPTED: {
      description:
        "The process that ran the execution stopped unexpectedly. The tool may or may not have run.",
    },
  } as const,
});

export const ToolExecution = builder.objectRef<Execution>("ToolExecution");

const ToolProgress = builder.objectRef<ExecutionProgress>("ToolProgress").implement({
  description: "The progress of an execution, as reported by the server.",
  fields: (t) => ({
    progress: t.exposeFloat("progress", {
      description: "The current progress value, which increases with each report.",
    }),
    total: t.exposeFloat("total", {
      nullable: true,
      description: "The value of progress at completion. Null if it is not known.",
    }),
    message: t.exposeString("message", {
      nullable: true,
      description: "A description of the current activity, provided by the server.",
    }),
  }),
});

builder.node(ToolExecution, {
  description: "An execution of a tool.",
  id: { resolve: ({ id }) => id },
  loadOne: (id, { executions }) => executions.load(id),
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "The MCP server that provides the tool. Null if it has been deleted.",
      // Every caller who sees the execution is a member of its workspace. One statement loads the
      // servers of a whole page.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        serverId
          ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
          : null,
    }),
    toolName: t.exposeString("toolName"),
    status: t.expose("status", { type: ToolExecutionStatus }),
    isToolError: t.exposeBoolean("isToolError", {
      description:
        "Whether the tool ran and reported an error (isError). The status is then FAILED.",
    }),
    arguments: t.field({
      type: "JSON",
      nullable: true,
      description:
        "The arguments of the call. Arguments and results are visible only to the user that started the execution and are deleted at contentExpiresAt. Null after that, or if they cannot be decrypted.",
      resolve: (execution, _args, { services, caller, executionContents }) =>
        services.executions.readArguments(caller, execution, () =>
          executionContents.load(execution),
        ),
    }),
    content: t.field({
      type: [ToolContent],
      nullable: true,
      resolve: async (execution, _args, context) =>
        (await readContent(execution, context))?.content ?? null,
    }),
    structuredContent: t.field({
      type: "JSON",
      nullable: true,
      resolve: async (execution, _args, context) =>
        (await readContent(execution, context))?.structuredContent ?? null,
    }),
    notes: t.stringList({
      nullable: true,
      description:
        "Messages about automatic actions of Gatehouse during the execution, such as a declined elicitation, with the reason. Visible to the same user as content.",
      resolve: async (execution, _args, context) =>
        (await readContent(execution, context))?.notes ?? null,
    }),
    contentTruncated: t.exposeBoolean("contentTruncated", {
      description:
        "Whether the stored result is incomplete because it exceeds 1 MB. The response of executeTool contains the complete result; later reads lack the end.",
    }),
    contentExpiresAt: t.expose("contentExpiresAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which arguments and results are deleted, 24 hours after the execution started. Null after they have been deleted.",
    }),
    argumentBytes: t.exposeInt("argumentBytes", {
      nullable: true,
      description: "The size of the arguments as JSON, in bytes. Null if it was not recorded.",
    }),
    resultBytes: t.exposeInt("resultBytes", {
      nullable: true,
      description:
        "The size of the complete result as JSON, in bytes, even if only part of it is stored. Null if there is no result.",
    }),
    progress: t.field({
      type: ToolProgress,
      nullable: true,
      description:
        "The most recent progress reported by the server. Visible only to the user that started the execution. Null if none was reported.",
      resolve: (execution, _args, { services, caller }) =>
        services.executions.readProgress(caller, execution),
    }),
    errorMessage: t.exposeString("errorMessage", { nullable: true }),
    startedBy: t.prismaField({
      type: "User",
      nullable: true,
      resolve: (query, { startedById }, _args, { db }) =>
        db.user.findUnique({ ...query, where: { id: startedById } }),
    }),
    user: t.prismaField({
      type: "User",
      nullable: true,
      description:
        "The user whose account the tool ran with. Null for the workspace's shared account.",
      resolve: (query, { ownerId, workspaceId }, _args, { db }) =>
        ownerId === workspaceId ? null : db.user.findUnique({ ...query, where: { id: ownerId } }),
    }),
    startedAt: t.expose("startedAt", { type: "DateTime" }),
    finishedAt: t.expose("finishedAt", { type: "DateTime", nullable: true }),
    durationMs: t.int({
      nullable: true,
      resolve: ({ startedAt, finishedAt }) =>
        finishedAt ? finishedAt.getTime() - startedAt.getTime() : null,
    }),
  }),
});

function readContent(execution: Execution, context: Context) {
  const { services, caller, executionContents } = context;
  return services.executions.readContent(caller, execution, () =>
    executionContents.load(execution),
  );
}

builder.queryField("toolExecution", (t) =>
  t.field({
    type: ToolExecution,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { services, caller }) => {
      const executionId = readId(id, "ToolExecution");
      return executionId ? services.executions.find(caller, executionId) : null;
    },
  }),
);

builder.subscriptionField("toolExecutionUpdated", (t) =>
  t.field({
    type: ToolExecution,
    description:
      "Sends the current state of a tool execution, then each change until it has finished. Progress is sent only to the user that started the execution, at most four times per second.",
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { services, caller }) =>
      services.live.execution(caller, readIdOrNobody(id, "ToolExecution")),
    resolve: (execution) => execution,
  }),
);
