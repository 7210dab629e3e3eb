import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceRole } from "../workspace/role.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

const MemberChange = builder.enumType("MemberChange", {
  description: "The kinds of changes to a membership.",
  values: {
    JOINED: {
      description:
        "A user became a member. The first member is the user who created the workspace.",
    },
    ROLE_CHANGED: { description: "The role of the member changed." },
    REMOVED: { description: "The member was removed by another user." },
    LEFT: { description: "The member left the workspace." },
  } as const,
});

builder.objectRef<DeliveredEvent>("MemberChanged").implement({
  description: "A workspace membership changed.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: MemberChange,
      description: "The kind of change.",
      resolve: ({ payload }) => payload["change"] as "JOINED" | "ROLE_CHANGED" | "REMOVED" | "LEFT",
    }),
    role: t.field({
      ...sameForAll,
      type: WorkspaceRole,
      nullable: true,
      description:
        "The role of the member after the change. Null if the user is no longer a member.",
      resolve: ({ payload }) =>
        (payload["role"] as "OWNER" | "ADMIN" | "MEMBER" | "VIEWER" | undefined) ?? null,
    }),
    user: t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "The user whose membership changed. Null if the user has been deleted.",
      resolve: (query, { payload }, _args, { db }) =>
        db.user.findUnique({ ...query, where: { id: String(payload["userId"]) } }),
    }),
  }),
});
