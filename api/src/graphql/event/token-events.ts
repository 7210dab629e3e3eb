import type { OAuthReason as OAuthReasonName } from "#oauth/state.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { OAuthReason } from "../oauth/state.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

const TokenRefreshCause = builder.enumType("TokenRefreshCause", {
  description: "Why an access token was renewed.",
  values: {
    DUE: { description: "A call came when it had run out, or was about to." },
    REFUSED: { description: "The server refused it with 401 although its time was not up." },
    BACKGROUND: { description: "Ahead of its time, so that no call waits." },
  } as const,
});

builder.objectRef<DeliveredEvent>("TokenRefreshed").implement({
  description: "An access token was renewed without a person.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    cause: t.field({
      ...sameForAll,
      type: TokenRefreshCause,
      description: "Why it was renewed.",
      resolve: ({ payload }) => payload["cause"] as "DUE" | "REFUSED" | "BACKGROUND",
    }),
    durationMs: t.int({
      ...sameForAll,
      description: "How long the authorization server took to answer.",
      resolve: ({ payload }) => payload["durationMs"] as number,
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

const RevocationTarget = builder.enumType("RevocationTarget", {
  description: "What was to be ended at an authorization server.",
  values: {
    TOKENS: { description: "An account's tokens (RFC 7009)." },
    REGISTRATION: { description: "A client registration that nobody uses any more (RFC 7592)." },
  } as const,
});

const RevocationOutcome = builder.enumType("RevocationOutcome", {
  description: "How it ended.",
  values: {
    CONFIRMED: { description: "The authorization server confirmed it." },
    UNSUPPORTED: { description: "The authorization server offers no way to do it." },
    REFUSED: { description: "The authorization server said no, and will not change its mind." },
    KEPT_SHARED: {
      description: "Kept: another grant of the same owner lives through the same client.",
    },
    GIVEN_UP: { description: "No answer came for so long that it is not tried any more." },
  } as const,
});
type OutcomeName = "CONFIRMED" | "UNSUPPORTED" | "REFUSED" | "KEPT_SHARED" | "GIVEN_UP";

builder.objectRef<DeliveredEvent>("TokenRevoked").implement({
  description:
    "The receipt of a revocation: tokens or a registration were ended at their authorization server, or why not.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    what: t.field({
      ...sameForAll,
      type: RevocationTarget,
      description: "What was to be ended.",
      resolve: ({ payload }) => payload["what"] as "TOKENS" | "REGISTRATION",
    }),
    outcome: t.field({
      ...sameForAll,
      type: RevocationOutcome,
      description: "How it ended.",
      resolve: ({ payload }) => payload["outcome"] as OutcomeName,
    }),
    attempts: t.int({
      ...sameForAll,
      description: "How often it was tried.",
      resolve: ({ payload }) => payload["attempts"] as number,
    }),
    httpStatus: t.int({
      ...sameForAll,
      nullable: true,
      description: "Of the last answer; null when there was none.",
      resolve: ({ payload }) => (payload["httpStatus"] as number | undefined) ?? null,
    }),
    reason: t.field({
      ...sameForAll,
      type: OAuthReason,
      nullable: true,
      description: "Why the account was ended; null when it was not for a reason of the account's.",
      resolve: ({ payload }) => (payload["reason"] as OAuthReasonName | undefined) ?? null,
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
