import type { DeliveredEvent } from "../../services/workspace-events.ts";
import { builder } from "../builder.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

const MemberChange = builder.enumType("MemberChange", {
  description: "What became of a membership.",
  values: {
    REMOVED: { description: "Somebody ended it." },
    LEFT: { description: "The member ended it." },
  } as const,
});

builder.objectRef<DeliveredEvent>("MemberChanged").implement({
  description: "A membership changed.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      type: MemberChange,
      description: "What became of it.",
      resolve: ({ payload }) => payload["change"] as "REMOVED" | "LEFT",
    }),
    user: t.prismaField({
      type: User,
      nullable: true,
      description: "Whose; null once the user is gone.",
      resolve: (query, { payload }, _args, { db }) =>
        db.user.findUnique({ ...query, where: { id: String(payload["userId"]) } }),
    }),
  }),
});
