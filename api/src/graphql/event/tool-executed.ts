import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { ToolExecution, ToolExecutionStatus } from "../tool/execution.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("ToolExecutionFinished").implement({
  description: "A tool execution finished. Visible to the user that started it and to admins.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    status: t.field({
      ...sameForAll,
      type: ToolExecutionStatus,
      description: "The final status of the execution.",
      resolve: ({ payload }) => payload["status"] as "SUCCEEDED",
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "The execution. Null if it has been deleted.",
      resolve: ({ payload }, _args, { executions }) =>
        executions.load(String(payload["executionId"])),
    }),
  }),
});
