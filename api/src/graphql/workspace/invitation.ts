import { invitationsVisibleTo } from "#services/workspace/invitations.ts";
import { builder } from "../builder.ts";
import { WorkspaceRole } from "./role.ts";

const InvitationState = builder.enumType("InvitationState", {
  description: "Whether a link still lets somebody in.",
  values: {
    PENDING: { description: "It does." },
    USED: { description: "Somebody joined with it." },
    EXPIRED: { description: "Nobody came in time." },
    REVOKED: {
      description: "It was taken back, or whoever made it has lost the role that it took.",
    },
  } as const,
});

export const Invitation = builder.prismaNode("Invitation", {
  description: "A link with which one person joins a workspace. Seen by those who administer it.",
  id: { field: "id", description: "What revokeInvitation takes." },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...invitationsVisibleTo(caller) }),
  fields: (t) => ({
    email: t.exposeString("email", {
      nullable: true,
      description: "The one address that may accept, in small letters; null: whoever has the link.",
    }),
    role: t.expose("role", { type: WorkspaceRole, description: "What they become." }),
    state: t.field({
      type: InvitationState,
      description: "Whether it still lets somebody in.",
      select: { endsAt: true, acceptedAt: true, revokedAt: true },
      resolve: ({ endsAt, acceptedAt, revokedAt }) => {
        if (revokedAt) return "REVOKED";
        if (acceptedAt) return "USED";
        return endsAt.getTime() <= Date.now() ? "EXPIRED" : "PENDING";
      },
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "Seven days after it was made.",
    }),
    acceptedAt: t.expose("acceptedAt", {
      type: "DateTime",
      nullable: true,
      description: "When somebody joined with it.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was taken back.",
    }),
    createdBy: t.relation("createdBy", {
      nullable: true,
      description: "Who invites; null once the user is gone.",
    }),
    acceptedBy: t.relation("acceptedBy", {
      nullable: true,
      description: "Who joined with it; null once the user is gone.",
    }),
  }),
});
