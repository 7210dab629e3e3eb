import type { Caller } from "../access/access.ts";

export function keyOfMember(workspaceId: string, { userId }: Pick<Caller, "userId">): string {
  return `${workspaceId} ${userId}`;
}

export function keyOfAccount(serverId: string, ownerId: string): string {
  return `${serverId} ${ownerId}`;
}
