import type { Execution, ExecutionProgress } from "#services/tool/execution-history.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { readId, readIdOrNobody } from "../global-id.ts";
import { ToolContent } from "./content.ts";

export const ToolExecutionStatus = builder.enumType("ToolExecutionStatus", {
  values: {
    RUNNING: {},
    WAITING_FOR_INPUT: { description: "The server has asked the person something." },
    SUCCEEDED: {},
    FAILED: { description: "The tool said that it failed (isToolError), or the protocol did." },
    CANCELLED: {
      description: "Somebody ended it before it had an answer; the tool may or may not have run.",
    },
    TIMED_OUT: {},
    REAUTH_REQUIRED: {},
    INTERRUPTED: { description: "The process that ran it died; the tool may or may not have run." },
  } as const,
});

export const ToolExecution = builder.objectRef<Execution>("ToolExecution");

const ToolProgress = builder.objectRef<ExecutionProgress>("ToolProgress").implement({
  description: "How far a run is, as its server tells.",
  fields: (t) => ({
    progress: t.exposeFloat("progress", { description: "Grows with every word of it." }),
    total: t.exposeFloat("total", {
      nullable: true,
      description: "What progress will be at the end; null: unknown.",
    }),
    message: t.exposeString("message", {
      nullable: true,
      description: "What is being done, in the server's words.",
    }),
  }),
});

builder.node(ToolExecution, {
  description: "One run of a tool.",
  id: { resolve: ({ id }) => id },
  loadOne: (id, { executions }) => executions.load(id),
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "Null once the server is deleted.",
      // Whoever sees the run belongs to its workspace. Such a look-up is one statement for a whole page of runs.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        serverId
          ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
          : null,
    }),
    toolName: t.exposeString("toolName"),
    status: t.expose("status", { type: ToolExecutionStatus }),
    isToolError: t.exposeBoolean("isToolError", {
      description: "The tool ran and says that it failed (isError); status is FAILED.",
    }),
    arguments: t.field({
      type: "JSON",
      nullable: true,
      description:
        "Arguments and results are for the one who ran it, and kept until contentExpiresAt; null afterwards, or when they cannot be opened.",
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
        "What Gatehouse did on its own while the tool ran, such as declining a question of the server, and why. For the one who ran it, as content is.",
      resolve: async (execution, _args, context) =>
        (await readContent(execution, context))?.notes ?? null,
    }),
    contentTruncated: t.exposeBoolean("contentTruncated", {
      description:
        "The result is larger than the megabyte that is kept: the answer of executeTool has all of it, what is read later lacks the end.",
    }),
    contentExpiresAt: t.expose("contentExpiresAt", {
      type: "DateTime",
      nullable: true,
      description: "24 hours after it began; null once all of it is erased.",
    }),
    argumentBytes: t.exposeInt("argumentBytes", {
      nullable: true,
      description: "Of the arguments' JSON; null where it was not counted.",
    }),
    resultBytes: t.exposeInt("resultBytes", {
      nullable: true,
      description: "Of the whole result's JSON, whatever is kept of it; null while there is none.",
    }),
    progress: t.field({
      type: ToolProgress,
      nullable: true,
      description:
        "The newest word of the server, for the one who runs it; null where it tells nothing.",
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
      description: "On whose account it ran; null for the workspace's shared one.",
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
      "An execution: its present shape at once, then progress, until it is finished. Progress is for the one who runs it, four times a second at most.",
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { services, caller }) =>
      services.live.execution(caller, readIdOrNobody(id, "ToolExecution")),
    resolve: (execution) => execution,
  }),
);
