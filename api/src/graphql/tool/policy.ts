import type { NewToolPolicy, ToolPolicy as PolicyRow } from "@gatehouse/prisma";
import type { ListedTool } from "../server/tool.ts";
import { decidePolicy, fingerprintTool } from "#services/catalog/tool-policy.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpTool } from "../server/tool.ts";
import { User } from "../workspace/user.ts";

export const ToolPolicyKind = builder.enumType("ToolPolicyKind", {
  description: "The possible policies for a tool.",
  values: {
    ALLOW: { description: "The tool runs without confirmation." },
    ASK: {
      description: "The tool runs after the user confirms: executeTool requires `confirmed: true`.",
    },
    DENY: { description: "The tool does not run." },
  } as const,
});

interface ToolWithPolicy {
  tool: ListedTool["tool"];
  row: PolicyRow | undefined;
  newToolPolicy: NewToolPolicy;
}

const decide = ({ tool, row, newToolPolicy }: ToolWithPolicy) =>
  decidePolicy(tool, row, newToolPolicy);

const ToolPolicy = builder.objectRef<ToolWithPolicy>("ToolPolicy").implement({
  description:
    "The workspace's policy for a tool. It applies to users and API tokens alike, with any account.",
  fields: (t) => ({
    kind: t.field({
      type: ToolPolicyKind,
      description:
        "The policy for the next call. A tool that requires a review has ASK, or DENY if the workspace's newToolPolicy is DENY.",
      resolve: (policy) => decide(policy).kind,
    }),
    isDefault: t.boolean({
      description:
        "Whether no policy has been set for the tool. The tool's annotations then apply (ASK for `destructiveHint: true`, otherwise ALLOW), or the workspace's newToolPolicy if the tool has not been approved either.",
      resolve: ({ row }) => (row?.kind ?? null) === null,
    }),
    changedSinceApproval: t.boolean({
      description:
        "Whether the tool's definition has changed since it was approved. Review the tool and call approveTool.",
      resolve: (policy) => decide(policy).isChangedSinceApproval,
    }),
    changedSinceDecision: t.boolean({
      description:
        "Whether the tool's definition has changed since the policy was set. False if the tool was not listed at that time.",
      resolve: (policy) => decide(policy).isChangedSinceDecision,
    }),
    isNew: t.boolean({
      description:
        "Whether the tool is denied because the workspace's newToolPolicy is DENY and the tool has neither a policy nor an approval.",
      resolve: (policy) => decide(policy).isNew,
    }),
    needsReview: t.boolean({
      description:
        "Whether an admin must review the tool with approveTool or setToolPolicy, because it is new or its definition has changed.",
      resolve: (policy) => decide(policy).needsReview,
    }),
    approvedAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the tool's definition was last approved. Null if it has not been approved.",
      resolve: ({ row }) => row?.approvedAt ?? null,
    }),
    approvedBy: t.prismaField({
      type: User,
      nullable: true,
      description: "The user that approved the definition.",
      resolve: (query, { row }, _args, { db }) =>
        row?.approvedById
          ? db.user.findUnique({ ...query, where: { id: row.approvedById } })
          : null,
    }),
  }),
});

builder.objectFields(McpTool, (t) => ({
  policy: t.field({
    type: ToolPolicy,
    description: "The workspace's policy for the tool.",
    resolve: async ({ serverId, tool }, _args, { toolPolicies }) => {
      const { rows, newToolPolicy } = await toolPolicies.load(serverId);
      return { tool, row: rows.get(tool.name), newToolPolicy };
    },
  }),
  fingerprint: t.string({
    description:
      "A hash of the complete definition of the tool for this account. Pass it to approveTool to ensure that the approved definition is the one that was reviewed.",
    resolve: ({ tool }) => fingerprintTool(tool).toString("hex"),
  }),
}));

const SetToolPolicyInput = builder.inputType("SetToolPolicyInput", {
  description: "The policy to set for a tool.",
  fields: (t) => ({
    serverId: t.id({
      required: true,
      description: "The ID of the MCP server that provides the tool.",
    }),
    toolName: t.string({
      required: true,
      description:
        "The name of the tool. ALLOW requires a tool that is listed for the caller's account; ASK and DENY can be set before the tool is listed.",
    }),
    kind: t.field({
      type: ToolPolicyKind,
      description:
        "The policy of the tool. Null restores the default, which depends on the tool's annotations.",
    }),
    fingerprint: t.string({
      description:
        "The McpTool.fingerprint of the definition that was reviewed. CONFLICT if the tool has changed since. If omitted, the current definition is recorded.",
    }),
  }),
});

const ApproveToolInput = builder.inputType("ApproveToolInput", {
  description: "The tool to approve.",
  fields: (t) => ({
    serverId: t.id({
      required: true,
      description: "The ID of the MCP server that provides the tool.",
    }),
    toolName: t.string({
      required: true,
      description: "The name of the tool. NOT_FOUND if it is not listed for the caller's account.",
    }),
    fingerprint: t.string({
      description:
        "The McpTool.fingerprint of the definition that was reviewed. CONFLICT if the tool has changed since. If omitted, the current definition is approved.",
    }),
  }),
});

builder.mutationFields((t) => ({
  setToolPolicy: t.prismaField({
    type: "McpServer",
    description:
      "Sets the policy of a tool, and records the tool's definition for the caller's account. ALLOW also approves that definition, so that a tool which changes later requires confirmation. Changing the policy does not remove an approval. Requires ADMIN.",
    args: {
      input: t.arg({
        type: SetToolPolicyInput,
        required: true,
        description: "The tool and its policy.",
      }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      const { toolName, kind = null, fingerprint = null } = input;
      await services.toolPolicies.decide(caller, { serverId: id, toolName, kind, fingerprint });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  approveTool: t.prismaField({
    type: "McpServer",
    description:
      "Approves the current definition of a tool. If the definition changes later, the tool is flagged and requires confirmation. Requires ADMIN.",
    args: {
      input: t.arg({
        type: ApproveToolInput,
        required: true,
        description: "The tool and the fingerprint of the definition that was reviewed.",
      }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      const { toolName, fingerprint = null } = input;
      await services.toolPolicies.approve(caller, { serverId: id, toolName, fingerprint });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
