import { builder } from "../builder.ts";
import { Workspace } from "./workspace.ts";

export const NewToolPolicy = builder.enumType("NewToolPolicy", {
  description: "How a workspace treats tools without a decision or an approval.",
  values: {
    BY_ANNOTATIONS: {
      description:
        "Tools with `destructiveHint: true` require confirmation; other tools are allowed.",
    },
    DENY: {
      description:
        "Tools are denied until an admin reviews them. A reviewed tool whose definition changes is denied until it is reviewed again.",
    },
  } as const,
});

builder.prismaObjectField(Workspace, "newToolPolicy", (t) =>
  t.expose("newToolPolicy", {
    type: NewToolPolicy,
    description: "How the workspace treats tools without a decision or an approval.",
  }),
);
