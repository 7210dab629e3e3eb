import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { Workspace } from "./workspace.ts";

const UpdateWorkspaceInput = builder.inputType("UpdateWorkspaceInput", {
  description: "What a workspace is to be called.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Of the workspace." }),
    name: t.string({ required: true, description: "1 to 100 characters." }),
  }),
});

builder.mutationFields((t) => ({
  updateWorkspace: t.prismaField({
    type: Workspace,
    description: "Renames a workspace; its slug stays. Needs ADMIN.",
    args: {
      input: t.arg({ type: UpdateWorkspaceInput, required: true, description: "The new name." }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.id, "Workspace");
      await services.workspaces.rename(caller, id, input.name);
      return db.workspace.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  deleteWorkspace: t.field({
    type: DeletedNode,
    description:
      "Deletes a workspace with all that is in it, at once and for good: every account at its servers is on its way to be revoked. Whoever owns no other one gets an empty one. Needs OWNER; not for API tokens. BAD_USER_INPUT when the name is another.",
    args: {
      id: t.arg.id({ required: true, description: "Of the workspace." }),
      name: t.arg.string({
        required: true,
        description: "As the workspace is called, letter by letter: a safeguard.",
      }),
    },
    resolve: async (_root, { id, name }, { caller, services }) => {
      await services.workspaceDeletion.delete(caller, readIdOrNobody(id, "Workspace"), name);
      return { id };
    },
  }),
}));
