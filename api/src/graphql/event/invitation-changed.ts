import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { Invitation } from "../workspace/invitation.ts";
import { WorkspaceEvent } from "./event.ts";

const InvitationChange = builder.enumType("InvitationChange", {
  description: "The kinds of changes to an invitation.",
  values: {
    CREATED: { description: "The invitation was created." },
    REVOKED: { description: "The invitation was revoked." },
  } as const,
});

builder.objectRef<DeliveredEvent>("InvitationChanged").implement({
  description:
    "An invitation was created or revoked. Visible to ADMIN and above. The acceptance of an invitation is a MemberChanged.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: InvitationChange,
      description: "The change to the invitation.",
      resolve: ({ payload }) => payload["change"] as "CREATED" | "REVOKED",
    }),
    invitation: t.prismaField({
      type: Invitation,
      nullable: true,
      description: "The invitation. Null if the caller cannot see it.",
      // Two statements for a whole page, as for API tokens.
      resolve: async (query, { payload }, _args, { db, visibleInvitations }) => {
        const id = String(payload["invitationId"]);
        const isVisible = await visibleInvitations.load(id);
        return isVisible ? db.invitation.findUnique({ ...query, where: { id } }) : null;
      },
    }),
  }),
});
