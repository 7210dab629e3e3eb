import type { OAuthReason as OAuthReasonName } from "#oauth/state.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { OAuthReason } from "../oauth/state.ts";
import { WorkspaceEvent, addAccountUser } from "./event.ts";

const TokenRefreshCause = builder.enumType("TokenRefreshCause", {
  description: "The reasons for refreshing an access token.",
  values: {
    DUE: {
      description:
        "A call needed a token when the stored token had expired or was about to expire.",
    },
    REFUSED: {
      description: "The server rejected the token with status 401 before its expiry time.",
    },
    BACKGROUND: {
      description:
        "The token was refreshed in the background before it expired, so that calls do not wait.",
    },
  } as const,
});

const TokenRefreshed = builder.objectRef<DeliveredEvent>("TokenRefreshed").implement({
  description: "An access token was refreshed without a user.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    cause: t.field({
      ...sameForAll,
      type: TokenRefreshCause,
      description: "The reason for the refresh.",
      resolve: ({ payload }) => payload["cause"] as "DUE" | "REFUSED" | "BACKGROUND",
    }),
    durationMs: t.int({
      ...sameForAll,
      description: "The response time of the authorization server, in milliseconds.",
      resolve: ({ payload }) => payload["durationMs"] as number,
    }),
  }),
});
addAccountUser(TokenRefreshed);

const RevocationTarget = builder.enumType("RevocationTarget", {
  description: "The kinds of objects that are revoked at an authorization server.",
  values: {
    TOKENS: { description: "The tokens of an account (RFC 7009)." },
    REGISTRATION: { description: "A client registration that is no longer used (RFC 7592)." },
  } as const,
});

const RevocationOutcome = builder.enumType("RevocationOutcome", {
  description: "The result of a revocation.",
  values: {
    CONFIRMED: { description: "The authorization server confirmed the revocation." },
    UNSUPPORTED: { description: "The authorization server does not support revocation." },
    REFUSED: { description: "The authorization server permanently rejected the request." },
    KEPT_SHARED: {
      description:
        "The tokens were not revoked, because another grant of the same owner uses the same client.",
    },
    GIVEN_UP: {
      description: "No response was received for so long that no more attempts are made.",
    },
  } as const,
});
type OutcomeName = "CONFIRMED" | "UNSUPPORTED" | "REFUSED" | "KEPT_SHARED" | "GIVEN_UP";

const TokenRevoked = builder.objectRef<DeliveredEvent>("TokenRevoked").implement({
  description:
    "The result of revoking tokens or deleting a client registration at an authorization server.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    what: t.field({
      ...sameForAll,
      type: RevocationTarget,
      description: "The kind of object that was to be revoked.",
      resolve: ({ payload }) => payload["what"] as "TOKENS" | "REGISTRATION",
    }),
    outcome: t.field({
      ...sameForAll,
      type: RevocationOutcome,
      description: "The result of the revocation.",
      resolve: ({ payload }) => payload["outcome"] as OutcomeName,
    }),
    attempts: t.int({
      ...sameForAll,
      description: "The number of attempts.",
      resolve: ({ payload }) => payload["attempts"] as number,
    }),
    httpStatus: t.int({
      ...sameForAll,
      nullable: true,
      description: "The HTTP status of the last response. Null if there was no response.",
      resolve: ({ payload }) => (payload["httpStatus"] as number | undefined) ?? null,
    }),
    reason: t.field({
      ...sameForAll,
      type: OAuthReason,
      nullable: true,
      description:
        "The reason for which the account was disconnected. Null if the revocation was not caused by the account's state.",
      resolve: ({ payload }) => (payload["reason"] as OAuthReasonName | undefined) ?? null,
    }),
  }),
});
addAccountUser(TokenRevoked);
