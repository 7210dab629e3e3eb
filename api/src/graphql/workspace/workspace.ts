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
  description: "A person's place in a workspace.",
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
  description: "Where members share MCP servers.",
  id: { field: "id" },
  nullable: true,
  // Side by side: for an API token both name an id.
  findUnique: (id, { caller }) => ({ id, AND: visibleTo(caller) }),
  fields: (t) => ({
    slug: t.exposeString("slug", { description: "Its name in URLs." }),
    name: t.exposeString("name"),
    viewerRole: t.field({
      type: WorkspaceRole,
      description: "The caller's role.",
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
          "For admins who are signed in; nobody else sees one. Those that hold come first, then the one that ended last; of 90 days.",
        cursor: "id",
        query: (_args, { caller }) => ({
          where: invitationsVisibleTo(caller),
          orderBy: [{ endsAt: "desc" }, { id: "desc" }],
        }),
      },
      { name: "InvitationConnection", description: "A page of invitations." },
      { name: "InvitationEdge", description: "An invitation, and where it stands in the list." },
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
        description: "The caller's own; everybody's for an admin.",
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
        description: "For admins; nobody else sees one.",
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
        "The newest position of the log now: read it with the state you show, then subscribe with it as `after`, and nothing falls between.",
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
    description: "A workspace of the caller's by its slug.",
    args: { slug: t.arg.string({ required: true }) },
    resolve: (query, _root, { slug }, { db, caller }) =>
      hasControlCharacters(slug)
        ? null
        : db.workspace.findFirst({ ...query, where: { slug, ...visibleTo(caller) } }),
  }),
);

const CreateWorkspaceInput = builder.inputType("CreateWorkspaceInput", {
  fields: (t) => ({ name: t.string({ required: true, description: "1 to 100 characters." }) }),
});

builder.mutationField("createWorkspace", (t) =>
  t.prismaField({
    type: Workspace,
    description: "Makes a workspace of which the caller is the owner.",
    args: { input: t.arg({ type: CreateWorkspaceInput, required: true }) },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const { id } = await services.workspaces.create(caller, input);
      return db.workspace.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
