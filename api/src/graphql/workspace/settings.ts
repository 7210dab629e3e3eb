import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { NewToolPolicy } from "./new-tool-policy.ts";
import { Workspace } from "./workspace.ts";

const UpdateWorkspaceInput = builder.inputType("UpdateWorkspaceInput", {
  description: "The settings of a workspace to change. Settings that are omitted or null stay.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Of the workspace." }),
    name: t.string({ description: "1 to 100 characters." }),
    newToolPolicy: t.field({
      type: NewToolPolicy,
      description:
        "How tools are treated that nobody has decided about or approved. DENY approves the tools that are listed at this moment.",
    }),
  }),
});

builder.mutationFields((t) => ({
  updateWorkspace: t.prismaField({
    type: Workspace,
    description: "Changes the settings of a workspace; its slug stays. Needs ADMIN.",
    args: {
      input: t.arg({
        type: UpdateWorkspaceInput,
        required: true,
        description: "The new settings.",
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
