import type { NewToolPolicy, ToolPolicy as PolicyRow } from "@gatehouse/prisma";
import type { ListedTool } from "../server/tool.ts";
import { decidePolicy, fingerprintTool } from "#services/catalog/tool-policy.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpTool } from "../server/tool.ts";
import { User } from "../workspace/user.ts";

export const ToolPolicyKind = builder.enumType("ToolPolicyKind", {
  description: "What may be done with a tool.",
  values: {
    ALLOW: { description: "It runs." },
    ASK: {
      description: "It runs once the person has agreed: executeTool wants `confirmed: true`.",
    },
    DENY: { description: "It does not run." },
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
    "What a workspace lets be done with a tool, for people and API tokens alike, whoever's account it would run with.",
  fields: (t) => ({
    kind: t.field({
      type: ToolPolicyKind,
      description:
        "The policy for the next call. A tool that needs a review asks, or is denied if the workspace's newToolPolicy is DENY.",
      resolve: (policy) => decide(policy).kind,
    }),
    isDefault: t.boolean({
      description:
        "Whether nobody has decided about the tool. Then its annotations apply (ASK for `destructiveHint: true`, otherwise ALLOW), or the workspace's newToolPolicy if nobody has approved it either.",
      resolve: ({ row }) => (row?.kind ?? null) === null,
    }),
    changedSinceApproval: t.boolean({
      description:
        "The tool declares something else than it did when it was approved: look at it, then approveTool.",
      resolve: (policy) => decide(policy).isChangedSinceApproval,
    }),
    changedSinceDecision: t.boolean({
      description:
        "Whether the tool's definition has changed since ALLOW, ASK or DENY was decided. False if the tool was not listed at that time.",
      resolve: (policy) => decide(policy).isChangedSinceDecision,
    }),
    isNew: t.boolean({
      description:
        "Whether the tool is denied because the workspace's newToolPolicy is DENY and nobody has decided about the tool or approved it.",
      resolve: (policy) => decide(policy).isNew,
    }),
    needsReview: t.boolean({
      description:
        "Whether an admin must review the tool before it can run as before: it is new, or its definition has changed. Review it with approveTool or setToolPolicy.",
      resolve: (policy) => decide(policy).needsReview,
    }),
    approvedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When somebody last approved what the tool declares; null: nobody has.",
      resolve: ({ row }) => row?.approvedAt ?? null,
    }),
    approvedBy: t.prismaField({
      type: User,
      nullable: true,
      description: "Who did.",
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
    description: "What may be done with it.",
    resolve: async ({ serverId, tool }, _args, { toolPolicies }) => {
      const { rows, newToolPolicy } = await toolPolicies.load(serverId);
      return { tool, row: rows.get(tool.name), newToolPolicy };
    },
  }),
  fingerprint: t.string({
    description:
      "Stands for all that the tool declares, as this account sees it: approveTool takes it, so that nothing is approved that nobody has looked at.",
    resolve: ({ tool }) => fingerprintTool(tool).toString("hex"),
  }),
}));

const SetToolPolicyInput = builder.inputType("SetToolPolicyInput", {
  description: "A decision about one tool of one server.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "Whose tool." }),
    toolName: t.string({
      required: true,
      description:
        "The name of the tool. ALLOW needs a tool that the caller's account sees; ASK and DENY can be decided before the tool is listed.",
    }),
    kind: t.field({
      type: ToolPolicyKind,
      description: "Null: back to the default, by the tool's annotations.",
    }),
    fingerprint: t.string({
      description:
        "The McpTool.fingerprint of the definition that was reviewed. CONFLICT if the tool has changed since. If omitted, the current definition is recorded.",
    }),
  }),
});

const ApproveToolInput = builder.inputType("ApproveToolInput", {
  description: "A tool that somebody has looked at.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "Whose tool." }),
    toolName: t.string({
      required: true,
      description: "One that the caller's account sees, else NOT_FOUND.",
    }),
    fingerprint: t.string({
      description:
        "McpTool.fingerprint of what was looked at; CONFLICT when the tool has changed meanwhile. Left out: whatever it is by now.",
    }),
  }),
});

builder.mutationFields((t) => ({
  setToolPolicy: t.prismaField({
    type: "McpServer",
    description:
      "Decides what may be done with a tool, and records the tool's definition as the caller's account sees it. ALLOW also approves that definition, so a tool that changes later asks again. Needs ADMIN. An approval stays when the policy changes.",
    args: {
      input: t.arg({ type: SetToolPolicyInput, required: true, description: "What is decided." }),
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
      "Remembers what a tool declares now: should it ever change, it is flagged and asks again. Needs ADMIN.",
    args: {
      input: t.arg({ type: ApproveToolInput, required: true, description: "What was looked at." }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      const { toolName, fingerprint = null } = input;
      await services.toolPolicies.approve(caller, { serverId: id, toolName, fingerprint });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
