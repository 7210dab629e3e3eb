import { builder } from "../builder.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";

const RemoveWorkspaceMemberInput = builder.inputType("RemoveWorkspaceMemberInput", {
  description: "Who is to leave which workspace.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "The workspace to be left." }),
    userId: t.id({ required: true, description: "The member's user, not the membership." }),
  }),
});

const whatEnds =
  "What they had connected there ends with it: their own accounts, and shared ones that they consented to, are revoked (MEMBER_REMOVED), and their open attempts at consent fail (FORBIDDEN).";

builder.mutationFields((t) => ({
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
