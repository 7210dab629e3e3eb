import { builder } from "../builder.ts";
import { Workspace } from "./workspace.ts";

export const NewToolPolicy = builder.enumType("NewToolPolicy", {
  description: "How a workspace treats tools that nobody has decided about or approved.",
  values: {
    BY_ANNOTATIONS: {
      description: "Tools with `destructiveHint: true` ask; other tools are allowed.",
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
    description: "How tools are treated that nobody has decided about or approved.",
  }),
);
