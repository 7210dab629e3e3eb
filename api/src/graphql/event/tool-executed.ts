import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { ToolExecution, ToolExecutionStatus } from "../tool/execution.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("ToolExecutionFinished").implement({
  description: "A tool ran. For the one who ran it, and for admins.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    status: t.field({
      ...sameForAll,
      type: ToolExecutionStatus,
      description: "How it ended.",
      resolve: ({ payload }) => payload["status"] as "SUCCEEDED",
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "Null once it is forgotten.",
      resolve: ({ payload }, _args, { executions }) =>
        executions.load(String(payload["executionId"])),
    }),
  }),
});
