import { builder } from "../builder.ts";

export const WorkspaceRole = builder.enumType("WorkspaceRole", {
  description:
    "The roles of members. OWNER includes the permissions of ADMIN, which includes those of MEMBER, which includes those of VIEWER.",
  values: ["OWNER", "ADMIN", "MEMBER", "VIEWER"] as const,
});
