import type { Invitation as InvitationRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { Invitation } from "./invitation.ts";
import { WorkspaceRole } from "./role.ts";

const CreatedInvitation = builder
  .objectRef<{ invitation: InvitationRow; url: string }>("CreatedInvitation")
  .implement({
    description: "A newly created invitation.",
    fields: (t) => ({
      invitation: t.prismaField({
        type: Invitation,
        description: "The invitation without its link.",
        resolve: (query, { invitation }, _args, { db }) =>
          db.invitation.findUniqueOrThrow({ ...query, where: { id: invitation.id } }),
      }),
      url: t.exposeString("url", {
        description:
          "The link of the invitation, for sending it to the invited person. Returned only once, because only a hash is stored. Gatehouse also emails it if the invitation is limited to an email address and email is configured.",
      }),
    }),
  });

const CreateInvitationInput = builder.inputType("CreateInvitationInput", {
  description: "The settings of the new invitation.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The ID of the workspace to join." }),
    email: t.string({
      description:
        "The only email address that can accept the invitation; case is ignored. If omitted, anyone who has the link can accept it.",
    }),
    role: t.field({
      type: WorkspaceRole,
      required: true,
      description: "The role that the new member receives.",
    }),
  }),
});

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: CreatedInvitation,
    description:
      "Creates an invitation with which one person can join a workspace within seven days. Requires ADMIN, and OWNER to invite an owner; not available to API tokens. CONFLICT if the email address belongs to a member, or if the workspace already has the maximum number of pending invitations. RATE_LIMITED if too many invitations were sent by email.",
    args: {
      input: t.arg({
        type: CreateInvitationInput,
        required: true,
        description: "The workspace, the role and the email address of the invitation.",
      }),
    },
    resolve: async (_root, { input }, { caller, services }) => {
      const { invitation, token } = await services.invitations.create(caller, {
        workspaceId: readIdOrNobody(input.workspaceId, "Workspace"),
        email: input.email ?? null,
        role: input.role,
      });
      return { invitation, url: services.invitations.linkTo(token) };
    },
  }),
  revokeInvitation: t.prismaField({
    type: Invitation,
    description:
      "Revokes an invitation with immediate effect. Returns an invitation that is no longer pending unchanged. Requires ADMIN; not available to API tokens.",
    args: { id: t.arg.id({ required: true, description: "The ID of the invitation." }) },
    resolve: async (query, _root, { id }, { db, caller, services }) => {
      const row = await services.invitations.revoke(caller, readIdOrNobody(id, "Invitation"));
      return db.invitation.findUniqueOrThrow({ ...query, where: { id: row.id } });
    },
  }),
}));
