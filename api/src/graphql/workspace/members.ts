import { builder } from "../builder.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { WorkspaceRole } from "./role.ts";

const RemoveWorkspaceMemberInput = builder.inputType("RemoveWorkspaceMemberInput", {
  description: "The member to remove from a workspace.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The ID of the workspace." }),
    userId: t.id({
      required: true,
      description: "The ID of the member's user, not of the membership.",
    }),
  }),
});

const ChangeMemberRoleInput = builder.inputType("ChangeMemberRoleInput", {
  description: "The member whose role changes, and the new role.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The ID of the workspace." }),
    userId: t.id({
      required: true,
      description: "The ID of the member's user, not of the membership.",
    }),
    role: t.field({
      type: WorkspaceRole,
      required: true,
      description: "The new role of the member.",
    }),
  }),
});

const whatEnds =
  "The member's own accounts there, and shared accounts that the member consented to, are revoked (MEMBER_REMOVED), and the member's pending consent attempts fail (FORBIDDEN).";

builder.mutationFields((t) => ({
  changeMemberRole: t.prismaField({
    type: "Membership",
    description:
      "Changes the role of a member, with immediate effect in all processes. Pending invitations that the member could no longer create are revoked. Requires ADMIN, and OWNER to grant or remove the OWNER role; not available to API tokens. CONFLICT if the workspace would have no owner left.",
    args: {
      input: t.arg({
        type: ChangeMemberRoleInput,
        required: true,
        description: "The member and the new role.",
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
    description: `Removes a member from a workspace and returns the global ID of the membership. ${whatEnds} Requires ADMIN, and OWNER to remove an owner. CONFLICT for the last owner.`,
    args: {
      input: t.arg({
        type: RemoveWorkspaceMemberInput,
        required: true,
        description: "The workspace and the user to remove.",
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
    description: `Ends the caller's membership in a workspace and returns its global ID. ${whatEnds} CONFLICT for the last owner.`,
    args: {
      workspaceId: t.arg.id({ required: true, description: "The ID of the workspace to leave." }),
    },
    resolve: async (_root, { workspaceId }, { caller, services }) => {
      const { membershipId } = await services.members.leave(
        caller,
        readIdOrNobody(workspaceId, "Workspace"),
      );
      return { id: encodeGlobalId("WorkspaceMember", membershipId) };
    },
  }),
}));
