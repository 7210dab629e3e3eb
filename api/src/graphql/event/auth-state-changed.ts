import type { OAuthReason as OAuthReasonName } from "../../oauth/state.ts";
import type { DeliveredEvent } from "../../services/live.ts";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { encodeGlobalId, readIdOrNobody } from "../global-id.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "../oauth/state.ts";
import { User } from "../workspace/user.ts";

const WorkspaceEventType = builder.enumType("WorkspaceEventType", {
  values: {
    OAUTH_STATE_CHANGED: {},
    REAUTH_REQUIRED: {
      description:
        "The type of an OAuthStateChanged whose state is REAUTH_REQUIRED: one event, one row, one delivery.",
    },
  } as const,
});

const WorkspaceEvent = builder.interfaceRef<DeliveredEvent>("WorkspaceEvent").implement({
  description:
    "An entry of a workspace's log. cursor orders the log without gaps and is what `after` takes; it is opaque, and one from before a restored back-up is CURSOR_INVALID, never a silent gap.",
  resolveType: () => "OAuthStateChanged",
  fields: (t) => ({
    id: t.exposeID("id"),
    cursor: t.exposeString("cursor"),
    type: t.field({
      type: WorkspaceEventType,
      resolve: ({ payload }) =>
        payload.state === "REAUTH_REQUIRED" ? "REAUTH_REQUIRED" : "OAUTH_STATE_CHANGED",
    }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    actor: t.prismaField({
      type: User,
      nullable: true,
      description: "Who did it; null when nobody in particular.",
      resolve: (query, { actorId }, _args, { db }) =>
        actorId ? db.user.findUnique({ ...query, where: { id: actorId } }) : null,
    }),
    serverId: t.id({
      nullable: true,
      resolve: ({ serverId }) => (serverId ? encodeGlobalId("McpServer", serverId) : null),
    }),
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "Null once the server is deleted.",
      resolve: (query, { serverId }, _args, context) => findServer(query, serverId, context),
    }),
  }),
});

const OAuthStateChanged = builder.objectRef<DeliveredEvent>("OAuthStateChanged").implement({
  description: "An account stands differently with a server.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    previousState: t.field({
      type: OAuthState,
      resolve: ({ payload }) => payload.previousState as OAuthStateName,
    }),
    state: t.field({ type: OAuthState, resolve: ({ payload }) => payload.state as OAuthStateName }),
    reason: t.field({
      type: OAuthReason,
      nullable: true,
      resolve: ({ payload }) => payload.reason as OAuthReasonName | null,
    }),
    user: t.prismaField({
      type: User,
      nullable: true,
      description: "Whose account; null for the workspace's shared one.",
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
  }),
});

builder.subscriptionField("authStateChanged", (t) =>
  t.field({
    type: OAuthStateChanged,
    description:
      "Every change of an OAuth state that the caller may see: first all that came after `after`, then live, each exactly once and in order. Without `after`: live only.",
    args: {
      workspaceId: t.arg.id({ required: true }),
      serverId: t.arg.id(),
      onlyReauthRequired: t.arg.boolean({ defaultValue: false }),
      after: t.arg.string(),
    },
    subscribe: (_root, args, { services, caller }) =>
      services.live.authStateChanges(caller, {
        workspaceId: readIdOrNobody(args.workspaceId, "Workspace"),
        serverId: args.serverId == null ? null : readIdOrNobody(args.serverId, "McpServer"),
        onlyReauthRequired: args.onlyReauthRequired ?? false,
        after: args.after ?? null,
      }),
    resolve: (event) => event,
  }),
);
