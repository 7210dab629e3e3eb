import { invitationsVisibleTo } from "#services/workspace/invitations.ts";
import { builder } from "../builder.ts";
import { WorkspaceRole } from "./role.ts";

const InvitationState = builder.enumType("InvitationState", {
  description: "The possible states of an invitation.",
  values: {
    PENDING: { description: "The invitation can be accepted." },
    USED: { description: "The invitation was accepted." },
    EXPIRED: { description: "The invitation expired before it was accepted." },
    REVOKED: {
      description:
        "The invitation was revoked, or its creator no longer has the role that is required to create it.",
    },
  } as const,
});

export const Invitation = builder.prismaNode("Invitation", {
  description: "A link that lets one person join a workspace. Visible to ADMIN and above.",
  id: { field: "id", description: "The ID of the invitation, for use with revokeInvitation." },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...invitationsVisibleTo(caller) }),
  fields: (t) => ({
    email: t.exposeString("email", {
      nullable: true,
      description:
        "The only email address that can accept the invitation, in lower case. Null if anyone who has the link can accept it.",
    }),
    role: t.expose("role", {
      type: WorkspaceRole,
      description: "The role that the new member receives.",
    }),
    state: t.field({
      type: InvitationState,
      description: "The state of the invitation.",
      select: { endsAt: true, acceptedAt: true, revokedAt: true },
      resolve: ({ endsAt, acceptedAt, revokedAt }) => {
        if (revokedAt) return "REVOKED";
        if (acceptedAt) return "USED";
        return endsAt.getTime() <= Date.now() ? "EXPIRED" : "PENDING";
      },
    }),
    createdAt: t.expose("createdAt", {
      type: "DateTime",
      description: "The time at which the object was created.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "The time at which the invitation expires, seven days after it was created.",
    }),
    acceptedAt: t.expose("acceptedAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the invitation was accepted. Null if it has not been accepted.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "The time at which the invitation was revoked. Null if it has not been revoked.",
    }),
    createdBy: t.relation("createdBy", {
      nullable: true,
      description: "The user that created the invitation. Null if the user has been deleted.",
    }),
    acceptedBy: t.relation("acceptedBy", {
      nullable: true,
      description:
        "The user that accepted the invitation. Null if it has not been accepted or the user has been deleted.",
    }),
  }),
});
