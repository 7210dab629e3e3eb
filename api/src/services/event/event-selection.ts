/**
 * Selects the events of a workspace's log by a filter and by the caller's permissions. Each of the
 * two is implemented twice here, for an event in memory and as a database condition, next to each
 * other so that the log and its subscription stay consistent.
 */
import type { Prisma, WorkspaceEventType, WorkspaceRole } from "@gatehouse/prisma";
import { type Caller, isAllowed } from "../access/access.ts";

/** The filter for events. All of the conditions must match. */
export interface EventFilter {
  /** Null: all types. OAUTH_STATE_CHANGED includes REAUTH_REQUIRED. */
  types: readonly WorkspaceEventType[] | null;
  serverId: string | null;
  /** Only events that concern an account of the caller, or that the caller caused. */
  onlyMine: boolean;
}

interface Concern {
  type: WorkspaceEventType;
  actorId: string | null;
  serverId: string | null;
  userId: string | null;
}

function namedTypes({ types }: EventFilter): WorkspaceEventType[] | null {
  if (!types) return null;
  return types.includes("OAUTH_STATE_CHANGED") ? [...types, "REAUTH_REQUIRED"] : [...types];
}

export function isAskedFor(filter: EventFilter, { userId }: Caller, event: Concern): boolean {
  const types = namedTypes(filter);
  if (types && !types.includes(event.type)) return false;
  if (filter.serverId !== null && event.serverId !== filter.serverId) return false;
  return !filter.onlyMine || event.userId === userId || event.actorId === userId;
}

export function whereAskedFor(
  filter: EventFilter,
  { userId }: Caller,
): Prisma.WorkspaceEventWhereInput[] {
  const types = namedTypes(filter);
  return [
    ...(types ? [{ type: { in: types } }] : []),
    ...(filter.serverId === null ? [] : [{ serverId: filter.serverId }]),
    ...(filter.onlyMine ? [{ OR: [{ userId }, { actorId: userId }] }] : []),
  ];
}

/** Events about objects that only administrators may see. */
const administrativeTypes: WorkspaceEventType[] = [
  "INVITATION_CHANGED",
  "WEBHOOK_ENDPOINT_CHANGED",
];

/**
 * Events about a personal account are visible to its user and to administrators, those of the administrative types to administrators, and all
 * others to every member.
 */
export function maySee({ userId }: Caller, role: WorkspaceRole, event: Concern): boolean {
  if (isAllowed(role, "administer")) return true;
  if (administrativeTypes.includes(event.type)) return false;
  return event.userId === null || event.userId === userId;
}

export function whereMaySee(
  { userId }: Caller,
  role: WorkspaceRole,
): Prisma.WorkspaceEventWhereInput {
  if (isAllowed(role, "administer")) return {};
  return { OR: [{ userId: null }, { userId }], type: { notIn: administrativeTypes } };
}
