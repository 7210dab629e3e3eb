import type { ToolExecution as ExecutionRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { readId, readIdOrNobody } from "../global-id.ts";
import { ToolContent } from "./content.ts";

export const ToolExecutionStatus = builder.enumType("ToolExecutionStatus", {
  values: {
    RUNNING: {},
    SUCCEEDED: {},
    FAILED: { description: "The tool said that it failed (isToolError), or the protocol did." },
    TIMED_OUT: {},
    REAUTH_REQUIRED: {},
    INTERRUPTED: { description: "The process that ran it died; the tool may or may not have run." },
  } as const,
});

export const ToolExecution = builder.objectRef<ExecutionRow>("ToolExecution");

builder.node(ToolExecution, {
  description: "One run of a tool.",
  id: { resolve: ({ id }) => id },
  loadOne: (id, { services, caller }) => services.executions.find(caller, id),
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "Null once the server is deleted.",
      resolve: (query, { serverId }, _args, context) => findServer(query, serverId, context),
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
      resolve: (execution, _args, { services, caller }) =>
        services.executions.readArguments(caller, execution),
    }),
    content: t.field({
      type: [ToolContent],
      nullable: true,
      resolve: (execution, _args, { services, caller }) =>
        services.executions.readContent(caller, execution)?.content ?? null,
    }),
    structuredContent: t.field({
      type: "JSON",
      nullable: true,
      resolve: (execution, _args, { services, caller }) =>
        services.executions.readContent(caller, execution)?.structuredContent ?? null,
    }),
    contentTruncated: t.exposeBoolean("contentTruncated"),
    contentExpiresAt: t.expose("contentExpiresAt", { type: "DateTime", nullable: true }),
    errorMessage: t.exposeString("errorMessage", { nullable: true }),
    startedBy: t.prismaField({
      type: "User",
      nullable: true,
      resolve: (query, { startedById }, _args, { db }) =>
        db.user.findUnique({ ...query, where: { id: startedById } }),
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
    description: "An execution: its present shape at once, then each change, until it is finished.",
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { services, caller }) =>
      services.live.execution(caller, readIdOrNobody(id, "ToolExecution")),
    resolve: (execution) => execution,
  }),
);
