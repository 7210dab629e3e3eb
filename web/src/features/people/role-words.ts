import type { WorkspaceRole } from "../../graphql/generated/graphql.ts";

/** From the one that may least, as somebody chooses among them. */
export const roles: WorkspaceRole[] = ["VIEWER", "MEMBER", "ADMIN", "OWNER"];

/** What it lets somebody do, as a list of choices says it. */
export const roleWords: Record<WorkspaceRole, { label: string; detail: string }> = {
  VIEWER: { label: "Viewer", detail: "See servers, tools and how they stand." },
  MEMBER: { label: "Member", detail: "Connect accounts and run tools." },
  ADMIN: { label: "Admin", detail: "Manage servers, shared accounts, webhooks and members." },
  OWNER: { label: "Owner", detail: "Do everything, and delete the workspace." },
};

/** Owners are made and unmade by owners, everybody else by admins. */
export function mayGive(giver: WorkspaceRole, role: WorkspaceRole): boolean {
  return giver === "OWNER" || (giver === "ADMIN" && role !== "OWNER");
}

/** What somebody with this role can make of somebody else. */
export function listGivable(giver: WorkspaceRole): WorkspaceRole[] {
  return roles.filter((role) => mayGive(giver, role));
}

/** "an admin", "a member": as a sentence goes on. */
export function nameRole(role: WorkspaceRole): string {
  const label = roleWords[role].label.toLowerCase();
  return /^[aeiou]/.test(label) ? `an ${label}` : `a ${label}`;
}

/** "You are an admin here. It lets you manage servers." */
export function describeOwnRole(role: WorkspaceRole): string {
  const { detail } = roleWords[role];
  return `You are ${nameRole(role)} here. It lets you ${detail.charAt(0).toLowerCase()}${detail.slice(1)}`;
}
