import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceRole } from "../workspace/role.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

const MemberChange = builder.enumType("MemberChange", {
  description: "What became of a membership.",
  values: {
    JOINED: { description: "Somebody is a member now; whoever made the workspace is the first." },
    ROLE_CHANGED: { description: "A member has another role." },
    REMOVED: { description: "Somebody ended it." },
    LEFT: { description: "The member ended it." },
  } as const,
});

builder.objectRef<DeliveredEvent>("MemberChanged").implement({
  description: "A membership changed.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: MemberChange,
      description: "What became of it.",
      resolve: ({ payload }) => payload["change"] as "JOINED" | "ROLE_CHANGED" | "REMOVED" | "LEFT",
    }),
    role: t.field({
      ...sameForAll,
      type: WorkspaceRole,
      nullable: true,
      description: "What the member is from then on; null for one who is gone.",
      resolve: ({ payload }) =>
        (payload["role"] as "OWNER" | "ADMIN" | "MEMBER" | "VIEWER" | undefined) ?? null,
    }),
    user: t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "Whose; null once the user is gone.",
      resolve: (query, { payload }, _args, { db }) =>
        db.user.findUnique({ ...query, where: { id: String(payload["userId"]) } }),
    }),
  }),
});
