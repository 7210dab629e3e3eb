import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { Elicitation } from "../tool/elicitation.ts";
import { ToolExecution } from "../tool/execution.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("InputRequested").implement({
  description:
    "A server requested input from the user on whose behalf a tool is running. Visible to that user. Admins see the event but not its contents.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    elicitation: t.field({
      type: Elicitation,
      nullable: true,
      description:
        "The elicitation. Null for all users except the one who is asked, and after it has been deleted.",
      resolve: ({ payload }, _args, { elicitations }) =>
        elicitations.load(String(payload["elicitationId"])),
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "The execution that waits for the answer. Null if it has been deleted.",
      resolve: ({ payload }, _args, { executions }) =>
        executions.load(String(payload["executionId"])),
    }),
  }),
});
