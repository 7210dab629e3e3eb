import type { AccountReason } from "#oauth/key-state.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { readIdOrNobody } from "../global-id.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "../oauth/state.ts";
import { WorkspaceEvent, addAccountUser } from "./event.ts";

const OAuthStateChanged = builder.objectRef<DeliveredEvent>("OAuthStateChanged").implement({
  description: "The OAuth state of an account changed.",
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
      resolve: ({ payload }) => payload.reason as AccountReason | null,
    }),
  }),
});
addAccountUser(OAuthStateChanged);

builder.subscriptionField("authStateChanged", (t) =>
  t.field({
    ...sameForAll,
    type: OAuthStateChanged,
    description:
      "Sends changes of OAuth states that the caller can see. Sends the recorded changes after `after` first and then new ones, each exactly once and in order. If `after` is omitted, only new changes are sent.",
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
