import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { Elicitation } from "../tool/elicitation.ts";
import { ToolExecution } from "../tool/execution.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("InputRequested").implement({
  description:
    "A server asks the person on whose behalf a tool runs. For that person; admins see that it did, and nothing of what it asks.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    elicitation: t.field({
      type: Elicitation,
      nullable: true,
      description: "Null for everybody but the person, and once it is forgotten.",
      resolve: ({ payload }, _args, { elicitations }) =>
        elicitations.load(String(payload["elicitationId"])),
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "The run that waits; null once it is forgotten.",
      resolve: ({ payload }, _args, { executions }) =>
        executions.load(String(payload["executionId"])),
    }),
  }),
});
