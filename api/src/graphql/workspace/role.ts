import { builder } from "../builder.ts";

export const WorkspaceRole = builder.enumType("WorkspaceRole", {
  description: "What a member may do; each role may do all that the ones after it may.",
  values: ["OWNER", "ADMIN", "MEMBER", "VIEWER"] as const,
});
