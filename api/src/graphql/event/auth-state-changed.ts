import type { OAuthReason as OAuthReasonName } from "#oauth/state.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { readIdOrNobody } from "../global-id.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "../oauth/state.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

const OAuthStateChanged = builder.objectRef<DeliveredEvent>("OAuthStateChanged").implement({
  description: "An account stands differently with a server.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    previousState: t.field({
      ...sameForAll,
      type: OAuthState,
      resolve: ({ payload }) => payload.previousState as OAuthStateName,
    }),
    state: t.field({
      ...sameForAll,
      type: OAuthState,
      resolve: ({ payload }) => payload.state as OAuthStateName,
    }),
    reason: t.field({
      ...sameForAll,
      type: OAuthReason,
      nullable: true,
      resolve: ({ payload }) => payload.reason as OAuthReasonName | null,
    }),
    user: t.prismaField({
      ...sameForAll,
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
    ...sameForAll,
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
