import type { Execution, ExecutionPage } from "#services/tool/execution-history.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { Workspace } from "../workspace/workspace.ts";
import { ToolExecution, ToolExecutionStatus } from "./execution.ts";

const ToolExecutionFilter = builder.inputType("ToolExecutionFilter", {
  description: "Conditions for a filter. An entry must match all of them.",
  fields: (t) => ({
    serverId: t.id({ description: "The ID of a server that has not been deleted." }),
    status: t.field({ type: [ToolExecutionStatus], description: "The statuses to include." }),
    toolName: t.string({ description: "The exact name of the tool." }),
  }),
});

interface Edge {
  cursor: string;
  node: Execution;
}

const ToolExecutionEdge = builder.objectRef<Edge>("ToolExecutionEdge").implement({
  description: "An execution and its cursor.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", {
      description: "The cursor of this entry, for use as `after`.",
    }),
    node: t.field({
      type: ToolExecution,
      description: "The execution of this edge.",
      resolve: ({ node }) => node,
    }),
  }),
});

const ToolExecutionConnection = builder
  .objectRef<ExecutionPage>("ToolExecutionConnection")
  .implement({
    description:
      "A page of the execution history. With a filter that matches few entries, a page may be short or empty although pageInfo indicates more; continue from its endCursor.",
    fields: (t) => ({
      edges: t.field({
        type: [ToolExecutionEdge],
        description: "The executions on this page, with their cursors.",
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [ToolExecution],
        description: "The executions on this page.",
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: "Information to aid in pagination.",
        resolve: (page) => page,
      }),
    }),
  });

builder.prismaObjectField(Workspace, "toolExecutions", (t) =>
  t.field({
    type: ToolExecutionConnection,
    description:
      "The tool executions, newest first: those of the caller, or of all members if the caller is an admin. `first` defaults to 20, at most 100. Metadata is kept for 90 days.",
    args: {
      first: t.arg.int({
        description: "The number of entries to return. Defaults to 20, at most 100.",
      }),
      after: t.arg.string({
        description: "Returns the executions that are older than this cursor.",
      }),
      filter: t.arg({
        type: ToolExecutionFilter,
        description: "The conditions for the executions. If omitted, all executions are returned.",
      }),
    },
    resolve: ({ id }, { first, after, filter }, { services, caller }) =>
      services.executions.list(
        caller,
        id,
        { first: first ?? null, after: after ?? null },
        {
          serverId: filter?.serverId == null ? null : readIdOrNobody(filter.serverId, "McpServer"),
          status: filter?.status ?? null,
          toolName: filter?.toolName ?? null,
        },
      ),
  }),
);
