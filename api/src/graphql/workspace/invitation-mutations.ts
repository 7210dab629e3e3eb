import type { Invitation as InvitationRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { Invitation } from "./invitation.ts";
import { WorkspaceRole } from "./role.ts";

const CreatedInvitation = builder
  .objectRef<{ invitation: InvitationRow; url: string }>("CreatedInvitation")
  .implement({
    description: "A new invitation.",
    fields: (t) => ({
      invitation: t.prismaField({
        type: Invitation,
        description: "What is kept of it.",
        resolve: (query, { invitation }, _args, { db }) =>
          db.invitation.findUniqueOrThrow({ ...query, where: { id: invitation.id } }),
      }),
      url: t.exposeString("url", {
        description:
          "The link to send, shown this once: only a hash of it is kept. Gatehouse sends no mail.",
      }),
    }),
  });

const CreateInvitationInput = builder.inputType("CreateInvitationInput", {
  description: "Who is to join which workspace, as what.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "Where to." }),
    email: t.string({
      description:
        "The one address that may accept, in capital or small letters. Left out: whoever has the link.",
    }),
    role: t.field({ type: WorkspaceRole, required: true, description: "What they become." }),
  }),
});

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: CreatedInvitation,
    description:
      "Makes a link with which one person joins; it holds for seven days. Needs ADMIN, and OWNER to invite an owner; not for API tokens. CONFLICT when the address is a member's, and while 200 are pending.",
    args: {
      input: t.arg({
        type: CreateInvitationInput,
        required: true,
        description: "Who, where and as what.",
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
      "Takes a link back, at once; one that is over stays as it is. Needs ADMIN; not for API tokens.",
    args: { id: t.arg.id({ required: true, description: "Of the invitation." }) },
    resolve: async (query, _root, { id }, { db, caller, services }) => {
      const row = await services.invitations.revoke(caller, readIdOrNobody(id, "Invitation"));
      return db.invitation.findUniqueOrThrow({ ...query, where: { id: row.id } });
    },
  }),
}));
