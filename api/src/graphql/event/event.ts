import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { encodeGlobalId } from "../global-id.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { User } from "../workspace/user.ts";

type EventType = DeliveredEvent["type"];

export const WorkspaceEventType = builder.enumType("WorkspaceEventType", {
  description: "The types of events.",
  values: {
    OAUTH_STATE_CHANGED: { description: "The OAuth state of an account changed." },
    REAUTH_REQUIRED: {
      description:
        "The type of an OAuthStateChanged event whose state is REAUTH_REQUIRED. The change is recorded and delivered as one event.",
    },
    TOKEN_REFRESHED: { description: "An access token was refreshed without a user." },
    TOKEN_REVOKED: {
      description:
        "Tokens or a client registration were revoked at their authorization server, or the revocation failed.",
    },
    SERVER_CREATED: { description: "A server was added." },
    SERVER_UPDATED: { description: "The settings of a server changed." },
    SERVER_DELETED: {
      description:
        "A server was permanently deleted, ten seconds after the SERVER_UPDATED event that announced it.",
    },
    TOOLS_CHANGED: { description: "The list of tools that an account sees changed." },
    TOOL_EXECUTED: { description: "A tool execution finished." },
    INPUT_REQUESTED: {
      description:
        "A server requested input from the user on whose behalf a tool is running. Visible only to that user.",
    },
    TOOL_POLICY_CHANGED: {
      description: "The policy of a tool was set or reset, or its definition was approved.",
    },
    MEMBER_CHANGED: { description: "A user joined or left the workspace, or their role changed." },
    API_TOKEN_CHANGED: { description: "An API token was created or revoked." },
    WORKSPACE_CHANGED: { description: "The settings of the workspace changed." },
    INVITATION_CHANGED: {
      description: "An invitation was created or revoked. Visible to ADMIN and above.",
    },
    WEBHOOK_ENDPOINT_CHANGED: {
      description:
        "A webhook endpoint was created, changed or deleted. Visible to ADMIN and above.",
    },
  } as const satisfies Record<EventType, { description: string }>,
});

const objectNames: Record<EventType, string> = {
  OAUTH_STATE_CHANGED: "OAuthStateChanged",
  REAUTH_REQUIRED: "OAuthStateChanged",
  TOKEN_REFRESHED: "TokenRefreshed",
  TOKEN_REVOKED: "TokenRevoked",
  SERVER_CREATED: "ServerChanged",
  SERVER_UPDATED: "ServerChanged",
  SERVER_DELETED: "ServerChanged",
  TOOLS_CHANGED: "ToolsChanged",
  TOOL_EXECUTED: "ToolExecutionFinished",
  INPUT_REQUESTED: "InputRequested",
  TOOL_POLICY_CHANGED: "ToolPolicyChanged",
  API_TOKEN_CHANGED: "ApiTokenChanged",
  MEMBER_CHANGED: "MemberChanged",
  WORKSPACE_CHANGED: "WorkspaceChanged",
  INVITATION_CHANGED: "InvitationChanged",
  WEBHOOK_ENDPOINT_CHANGED: "WebhookEndpointChanged",
};

type EventObject = ReturnType<ReturnType<typeof builder.objectRef<DeliveredEvent>>["implement"]>;

/** Adds the field `user` to the event of an account. */
export function addAccountUser(
  event: EventObject,
  description = "The user that the account belongs to. Null for the workspace's shared account.",
): void {
  builder.objectField(event, "user", (t) =>
    t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description,
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
  );
}

export const WorkspaceEvent = builder.interfaceRef<DeliveredEvent>("WorkspaceEvent").implement({
  description:
    "An event in the log of a workspace. The cursor is opaque and is used as `after`. A cursor from before a backup was restored results in CURSOR_INVALID, so that no events are skipped unnoticed.",
  resolveType: ({ type }) => objectNames[type],
  fields: (t) => ({
    id: t.exposeID("id", { ...sameForAll, description: "The global ID of the event." }),
    cursor: t.exposeString("cursor", {
      ...sameForAll,
      description: "The position of the event in the log, for use as `after`.",
    }),
    type: t.expose("type", {
      ...sameForAll,
      type: WorkspaceEventType,
      description: "The type of the event.",
    }),
    occurredAt: t.expose("occurredAt", {
      ...sameForAll,
      type: "DateTime",
      description: "The time at which the event was recorded.",
    }),
    actor: t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "The user that caused the event. Null if no single user caused it.",
      resolve: (query, { actorId }, _args, { db }) =>
        actorId ? db.user.findUnique({ ...query, where: { id: actorId } }) : null,
    }),
    serverId: t.id({
      ...sameForAll,
      nullable: true,
      description:
        "The ID of the MCP server that the event concerns, even if the server has been deleted. Null if the event does not concern a server.",
      resolve: ({ serverId }) => (serverId ? encodeGlobalId("McpServer", serverId) : null),
    }),
    server: t.prismaField({
      ...sameForAll,
      type: "McpServer",
      nullable: true,
      description:
        "The MCP server that the event concerns. Null if it has been deleted or the event does not concern a server.",
      // Every recipient of the event is a member of its workspace. One statement loads the servers
      // of a whole page of events.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        serverId
          ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
          : null,
    }),
  }),
});
