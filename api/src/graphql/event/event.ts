import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { encodeGlobalId } from "../global-id.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { User } from "../workspace/user.ts";

type EventType = DeliveredEvent["type"];

export const WorkspaceEventType = builder.enumType("WorkspaceEventType", {
  description: "What an entry of the log tells of.",
  values: {
    OAUTH_STATE_CHANGED: { description: "An account stands differently with a server." },
    REAUTH_REQUIRED: {
      description:
        "The type of an OAuthStateChanged whose state is REAUTH_REQUIRED: one event, one row, one delivery.",
    },
    TOKEN_REFRESHED: { description: "An access token was renewed without a person." },
    TOKEN_REVOKED: {
      description: "Tokens or a registration were ended at their authorization server, or not.",
    },
    SERVER_CREATED: { description: "A server was added." },
    SERVER_UPDATED: { description: "A server's settings changed." },
    SERVER_DELETED: {
      description: "A server was deleted for good, ten seconds after SERVER_UPDATED told of it.",
    },
    TOOLS_CHANGED: { description: "An account sees other tools of a server." },
    TOOL_EXECUTED: { description: "A tool ran." },
    INPUT_REQUESTED: {
      description: "A server asks the person on whose behalf a tool runs; for that person alone.",
    },
    TOOL_POLICY_CHANGED: { description: "What may be done with a tool was decided anew." },
    MEMBER_CHANGED: { description: "Somebody joined, left or has another role." },
    API_TOKEN_CHANGED: { description: "An API token was made or revoked." },
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

export const WorkspaceEvent = builder.interfaceRef<DeliveredEvent>("WorkspaceEvent").implement({
  description:
    "An entry of a workspace's log. cursor orders the log without gaps and is what `after` takes; it is opaque, and one from before a restored back-up is CURSOR_INVALID, never a silent gap.",
  resolveType: ({ type }) => objectNames[type],
  fields: (t) => ({
    id: t.exposeID("id", { ...sameForAll, description: "The entry's global id." }),
    cursor: t.exposeString("cursor", { ...sameForAll, description: "Its place in the log." }),
    type: t.expose("type", {
      ...sameForAll,
      type: WorkspaceEventType,
      description: "What the entry tells of.",
    }),
    occurredAt: t.expose("occurredAt", {
      ...sameForAll,
      type: "DateTime",
      description: "When it was written into the log.",
    }),
    actor: t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "Who did it; null when nobody in particular.",
      resolve: (query, { actorId }, _args, { db }) =>
        actorId ? db.user.findUnique({ ...query, where: { id: actorId } }) : null,
    }),
    serverId: t.id({
      ...sameForAll,
      nullable: true,
      description: "The server that it is about, whether or not it still exists.",
      resolve: ({ serverId }) => (serverId ? encodeGlobalId("McpServer", serverId) : null),
    }),
    server: t.prismaField({
      ...sameForAll,
      type: "McpServer",
      nullable: true,
      description: "Null once the server is deleted.",
      // Whoever gets the event belongs to its workspace. Such a look-up is one statement for a whole page of events.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        serverId
          ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
          : null,
    }),
  }),
});
