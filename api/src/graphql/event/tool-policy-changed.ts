import type { ToolPolicyChange as Told } from "#services/catalog/tool-policies.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { ToolPolicyKind } from "../tool/policy.ts";
import { WorkspaceEvent } from "./event.ts";

const ToolPolicyChange = builder.enumType("ToolPolicyChange", {
  description: "What was done about a tool.",
  values: {
    DECIDED: { description: "What may be done with it was set, or taken back." },
    APPROVED: { description: "What it declares was looked at and approved." },
  } as const,
});

const read = ({ payload }: DeliveredEvent) => payload as unknown as Told;

builder.objectRef<DeliveredEvent>("ToolPolicyChanged").implement({
  description: "What may be done with a tool of a server was decided anew.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    toolName: t.string({
      description: "Which tool.",
      resolve: (event) => read(event).toolName,
    }),
    change: t.field({
      type: ToolPolicyChange,
      description: "What was done.",
      resolve: (event) => read(event).change,
    }),
    kind: t.field({
      type: ToolPolicyKind,
      nullable: true,
      description: "What stands decided from then on; null: nothing, the tool's annotations count.",
      resolve: (event) => read(event).kind,
    }),
  }),
});
