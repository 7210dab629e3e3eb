import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { NewToolPolicy } from "./new-tool-policy.ts";
import { Workspace } from "./workspace.ts";

const UpdateWorkspaceInput = builder.inputType("UpdateWorkspaceInput", {
  description:
    "The settings of a workspace to change. Settings that are omitted or null are not changed.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The ID of the workspace." }),
    name: t.string({ description: "A name of 1 to 100 characters." }),
    newToolPolicy: t.field({
      type: NewToolPolicy,
      description:
        "How to treat tools without a decision or an approval. DENY approves the tools that are listed when it is set.",
    }),
  }),
});

builder.mutationFields((t) => ({
  updateWorkspace: t.prismaField({
    type: Workspace,
    description: "Changes the settings of a workspace. Its slug does not change. Requires ADMIN.",
    args: {
      input: t.arg({
        type: UpdateWorkspaceInput,
        required: true,
        description: "The settings to change.",
      }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.id, "Workspace");
      if (input.name != null) await services.workspaces.rename(caller, id, input.name);
      await services.newToolPolicies.set(caller, id, input.newToolPolicy ?? null);
      return db.workspace.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  deleteWorkspace: t.field({
    type: DeletedNode,
    description:
      "Deletes a workspace and everything in it, immediately and permanently. The grants of its servers are queued for revocation. If the caller owns no other workspace, an empty one is created. Requires OWNER; not available to API tokens. BAD_USER_INPUT if the name does not match.",
    args: {
      id: t.arg.id({ required: true, description: "The ID of the workspace." }),
      name: t.arg.string({
        required: true,
        description: "The exact name of the workspace, as a safeguard.",
      }),
    },
    resolve: async (_root, { id, name }, { caller, services }) => {
      await services.workspaceDeletion.delete(caller, readIdOrNobody(id, "Workspace"), name);
      return { id };
    },
  }),
}));
