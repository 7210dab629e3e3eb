import type { NewToolPolicy, WorkspaceRole } from "../graphql/generated/graphql.ts";

/** The workspace that the screens are about. */
export type CurrentWorkspace = {
  id: string;
  name: string;
  role: WorkspaceRole;
  newToolPolicy: NewToolPolicy;
};

/** Servers, their settings and shared accounts are for ADMIN and OWNER. */
export function mayManage(role: WorkspaceRole): boolean {
  return role === "OWNER" || role === "ADMIN";
}
