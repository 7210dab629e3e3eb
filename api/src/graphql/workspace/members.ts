import { builder } from "../builder.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { WorkspaceRole } from "./role.ts";

const RemoveWorkspaceMemberInput = builder.inputType("RemoveWorkspaceMemberInput", {
  description: "Who is to leave which workspace.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The workspace to be left." }),
    userId: t.id({ required: true, description: "The member's user, not the membership." }),
  }),
});

const ChangeMemberRoleInput = builder.inputType("ChangeMemberRoleInput", {
  description: "Who becomes what, and where.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The workspace." }),
    userId: t.id({ required: true, description: "The member's user, not the membership." }),
    role: t.field({ type: WorkspaceRole, required: true, description: "From now on." }),
  }),
});

const whatEnds =
  "What they had connected there ends with it: their own accounts, and shared ones that they consented to, are revoked (MEMBER_REMOVED), and their open attempts at consent fail (FORBIDDEN).";

builder.mutationFields((t) => ({
  changeMemberRole: t.prismaField({
    type: "Membership",
    description:
      "Gives a member another role, on every process at once; pending invitations that they could not make any more are taken back. Needs ADMIN, and OWNER to or from that role; not for API tokens. CONFLICT when the last owner would lose it.",
    args: {
      input: t.arg({
        type: ChangeMemberRoleInput,
        required: true,
        description: "Who becomes what.",
      }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = await services.memberRoles.change(caller, {
        workspaceId: readIdOrNobody(input.workspaceId, "Workspace"),
        userId: readIdOrNobody(input.userId, "User"),
        role: input.role,
      });
      return db.membership.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  removeWorkspaceMember: t.field({
    type: DeletedNode,
    description: `Ends a membership, by its global id in the answer. ${whatEnds} Needs ADMIN, and OWNER for an owner; CONFLICT for the last owner.`,
    args: {
      input: t.arg({
        type: RemoveWorkspaceMemberInput,
        required: true,
        description: "Whose membership, and where.",
      }),
    },
    resolve: async (_root, { input }, { caller, services }) => {
      const { membershipId } = await services.members.remove(caller, {
        workspaceId: readIdOrNobody(input.workspaceId, "Workspace"),
        userId: readIdOrNobody(input.userId, "User"),
      });
      return { id: encodeGlobalId("WorkspaceMember", membershipId) };
    },
  }),
  leaveWorkspace: t.field({
    type: DeletedNode,
    description: `Ends the caller's own membership. ${whatEnds} CONFLICT for the last owner.`,
    args: { workspaceId: t.arg.id({ required: true, description: "The workspace to leave." }) },
    resolve: async (_root, { workspaceId }, { caller, services }) => {
      const { membershipId } = await services.members.leave(
        caller,
        readIdOrNobody(workspaceId, "Workspace"),
      );
      return { id: encodeGlobalId("WorkspaceMember", membershipId) };
    },
  }),
}));
