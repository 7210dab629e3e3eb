import type { ToolPolicy as PolicyRow } from "@gatehouse/prisma";
import type { ListedTool } from "../server/tool.ts";
import { decidePolicy, fingerprintTool } from "../../services/tool-policy.ts";
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

const ToolPolicy = builder
  .objectRef<{ tool: ListedTool["tool"]; row: PolicyRow | undefined }>("ToolPolicy")
  .implement({
    description:
      "What a workspace lets be done with a tool, for people and API tokens alike, whoever's account it would run with.",
    fields: (t) => ({
      kind: t.field({
        type: ToolPolicyKind,
        description:
          "What holds for the next call. ASK for an approved tool that has changed since, unless it is denied.",
        resolve: ({ tool, row }) => decidePolicy(tool, row).kind,
      }),
      isDefault: t.boolean({
        description:
          "Nobody has decided, and the tool's annotations count: ASK where they say `destructiveHint: true`, else ALLOW.",
        resolve: ({ row }) => (row?.kind ?? null) === null,
      }),
      changedSinceApproval: t.boolean({
        description:
          "The tool declares something else than it did when it was approved: look at it, then approveTool.",
        resolve: ({ tool, row }) => decidePolicy(tool, row).isChangedSinceApproval,
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
      const rows = await toolPolicies.load(serverId);
      return { tool, row: rows.get(tool.name) };
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
    toolName: t.string({ required: true, description: "Whether or not it is listed now." }),
    kind: t.field({
      type: ToolPolicyKind,
      description: "Null: back to the default, by the tool's annotations.",
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
      "Decides what may be done with a tool. Needs ADMIN. An approval stays: an approved tool that has changed asks even where ALLOW is decided.",
    args: {
      input: t.arg({ type: SetToolPolicyInput, required: true, description: "What is decided." }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      const { toolName, kind = null } = input;
      await services.toolPolicies.decide(caller, { serverId: id, toolName, kind });
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
