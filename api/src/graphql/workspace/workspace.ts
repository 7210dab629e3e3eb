import { tokensVisibleTo } from "#services/workspace/api-tokens.ts";
import { webhooksVisibleTo } from "#services/webhook/webhooks.ts";
import { hasControlCharacters } from "#services/access/input.ts";
import { builder } from "../builder.ts";
import { visibleTo } from "#services/access/access.ts";
import { McpServerFilter, serversMatching } from "../server/filter.ts";
import { invitationsVisibleTo } from "#services/workspace/invitations.ts";
import { WorkspaceRole } from "./role.ts";

builder.prismaNode("Membership", {
  name: "WorkspaceMember",
  description: "The membership of a user in a workspace.",
  id: { field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, workspace: visibleTo(caller) }),
  fields: (t) => ({
    user: t.relation("user"),
    role: t.expose("role", { type: WorkspaceRole }),
    joinedAt: t.expose("createdAt", { type: "DateTime" }),
  }),
});

export const Workspace = builder.prismaNode("Workspace", {
  description: "A workspace, in which members share MCP servers.",
  id: { field: "id" },
  nullable: true,
  // Combined with AND, because the condition for an API token also contains an id.
  findUnique: (id, { caller }) => ({ id, AND: visibleTo(caller) }),
  fields: (t) => ({
    slug: t.exposeString("slug", { description: "The name of the workspace in URLs." }),
    name: t.exposeString("name"),
    viewerRole: t.field({
      type: WorkspaceRole,
      description: "The role of the caller in the workspace.",
      resolve: async ({ id }, _args, { roles }) => {
        const role = await roles.load(id);
        if (!role) throw new Error("A workspace was answered to someone outside it.");
        return role;
      },
    }),
    members: t.relatedConnection(
      "memberships",
      { cursor: "id", totalCount: true, query: { orderBy: { id: "asc" } } },
      { name: "WorkspaceMemberConnection" },
      { name: "WorkspaceMemberEdge" },
    ),
    invitations: t.relatedConnection(
      "invitations",
      {
        description:
          "The invitations of the last 90 days: pending ones first, then the others by the time they ended, newest first. Visible only to signed-in admins; empty for other callers.",
        cursor: "id",
        query: (_args, { caller }) => ({
          where: invitationsVisibleTo(caller),
          orderBy: [{ endsAt: "desc" }, { id: "desc" }],
        }),
      },
      { name: "InvitationConnection", description: "A page of invitations." },
      { name: "InvitationEdge", description: "An invitation and its cursor." },
    ),
    mcpServers: t.relatedConnection(
      "servers",
      {
        cursor: "id",
        totalCount: true,
        args: { filter: t.arg({ type: McpServerFilter }) },
        query: ({ filter }, { caller }) => ({
          where: serversMatching(filter ?? {}, caller),
          orderBy: { id: "asc" },
        }),
      },
      { name: "McpServerConnection" },
      { name: "McpServerEdge" },
    ),
    apiTokens: t.relatedConnection(
      "apiTokens",
      {
        description: "The API tokens of the caller, or of all members if the caller is an admin.",
        cursor: "id",
        totalCount: true,
        query: (_args, { caller }) => ({
          where: tokensVisibleTo(caller),
          orderBy: { id: "asc" },
        }),
      },
      { name: "ApiTokenConnection" },
      { name: "ApiTokenEdge" },
    ),
    webhookEndpoints: t.relatedConnection(
      "webhooks",
      {
        description:
          "The webhook endpoints of the workspace. Visible to admins; empty for other callers.",
        cursor: "id",
        totalCount: true,
        query: (_args, { caller }) => ({
          where: webhooksVisibleTo(caller),
          orderBy: { id: "asc" },
        }),
      },
      { name: "WebhookEndpointConnection" },
      { name: "WebhookEndpointEdge" },
    ),
    eventCursor: t.string({
      description:
        "The current position of the event log. Read it together with the state that you display, then subscribe with it as `after` to receive every later change.",
      select: { id: true, eventEpoch: true, eventSeq: true },
      resolve: ({ id, eventEpoch, eventSeq }, _args, { eventCursors }) =>
        eventCursors.load({ workspaceId: id, epoch: eventEpoch, seq: eventSeq }),
    }),
  }),
});

builder.queryField("workspace", (t) =>
  t.prismaField({
    type: Workspace,
    nullable: true,
    description: "A workspace of the caller, by its slug.",
    args: { slug: t.arg.string({ required: true }) },
    resolve: (query, _root, { slug }, { db, caller }) =>
      hasControlCharacters(slug)
        ? null
        : db.workspace.findFirst({ ...query, where: { slug, ...visibleTo(caller) } }),
  }),
);

const CreateWorkspaceInput = builder.inputType("CreateWorkspaceInput", {
  fields: (t) => ({
    name: t.string({ required: true, description: "A name of 1 to 100 characters." }),
  }),
});

builder.mutationField("createWorkspace", (t) =>
  t.prismaField({
    type: Workspace,
    description:
      "Creates a workspace with the caller as its owner. Not available to API tokens. CONFLICT if the caller already owns the maximum number of workspaces.",
    args: { input: t.arg({ type: CreateWorkspaceInput, required: true }) },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const { id } = await services.workspaces.create(caller, input);
      return db.workspace.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
