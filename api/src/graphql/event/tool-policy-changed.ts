import type { ToolPolicyChange as Told } from "#services/catalog/tool-policies.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { ToolPolicyKind } from "../tool/policy.ts";
import { WorkspaceEvent } from "./event.ts";

const ToolPolicyChange = builder.enumType("ToolPolicyChange", {
  description: "The kinds of changes to a tool policy.",
  values: {
    DECIDED: { description: "The policy was set or reset to the default." },
    APPROVED: { description: "The tool's definition was approved." },
  } as const,
});

const read = ({ payload }: DeliveredEvent) => payload as unknown as Told;

builder.objectRef<DeliveredEvent>("ToolPolicyChanged").implement({
  description: "The policy of a tool was set or reset, or its definition was approved.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    toolName: t.string({
      description: "The name of the tool.",
      resolve: (event) => read(event).toolName,
    }),
    change: t.field({
      type: ToolPolicyChange,
      description: "The kind of change.",
      resolve: (event) => read(event).change,
    }),
    kind: t.field({
      type: ToolPolicyKind,
      nullable: true,
      description:
        "The policy after the change. Null if the default applies, which depends on the tool's annotations.",
      resolve: (event) => read(event).kind,
    }),
  }),
});
