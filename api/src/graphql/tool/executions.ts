import type { Execution, ExecutionPage } from "#services/tool/execution-history.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { Workspace } from "../workspace/workspace.ts";
import { ToolExecution, ToolExecutionStatus } from "./execution.ts";

const ToolExecutionFilter = builder.inputType("ToolExecutionFilter", {
  description: "All that is given must hold.",
  fields: (t) => ({
    serverId: t.id({ description: "One that still exists." }),
    status: t.field({ type: [ToolExecutionStatus], description: "Any of these." }),
    toolName: t.string({ description: "The whole name." }),
  }),
});

interface Edge {
  cursor: string;
  node: Execution;
}

const ToolExecutionEdge = builder.objectRef<Edge>("ToolExecutionEdge").implement({
  description: "A run, and where it stands in the list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "What `after` takes." }),
    node: t.field({
      type: ToolExecution,
      description: "The run itself.",
      resolve: ({ node }) => node,
    }),
  }),
});

const ToolExecutionConnection = builder
  .objectRef<ExecutionPage>("ToolExecutionConnection")
  .implement({
    description:
      "A page of the history. Where what is asked for is rare, a page may be short or empty although pageInfo says that there is more: go on from its endCursor.",
    fields: (t) => ({
      edges: t.field({
        type: [ToolExecutionEdge],
        description: "The page's runs, each with its cursor.",
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [ToolExecution],
        description: "The page's runs.",
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: "Whether there is more, and from where to go on.",
        resolve: (page) => page,
      }),
    }),
  });

builder.prismaObjectField(Workspace, "toolExecutions", (t) =>
  t.field({
    type: ToolExecutionConnection,
    description:
      "Runs of tools, newest first: the caller's own; everybody's for an admin. `first` is 20 if left out and at most 100. Metadata is kept for 90 days.",
    args: {
      first: t.arg.int({ description: "So many: 20 if left out, at most 100." }),
      after: t.arg.string({ description: "A cursor: those that are older." }),
      filter: t.arg({ type: ToolExecutionFilter, description: "Left out: all." }),
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
