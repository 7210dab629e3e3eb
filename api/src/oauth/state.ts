/**
 * The one transition table of an account's OAuth state. A state without its reason means nothing: both are stored, logged and moved
 * together.
 */

/** Stored states. AUTHORIZING is DISCONNECTED with an open attempt, derived when read, and so no member. */
export type OAuthState = "NOT_REQUIRED" | "DISCONNECTED" | "CONNECTED" | "REAUTH_REQUIRED";

/** Reasons that only consent mends: the grant is never tried again. */
export const deadReasons = [
  "GRANT_INVALID",
  "NO_REFRESH_TOKEN",
  "REFRESH_INTERRUPTED",
  "CLIENT_INVALID",
  "AUTHORIZATION_SERVER_CHANGED",
] as const;
export type DeadReason = (typeof deadReasons)[number];

/** Reasons of DISCONNECTED. */
export const disconnectedReasons = [
  "NOT_CONNECTED",
  "SETTINGS_CHANGED",
  "DISCONNECTED_BY_USER",
  "MEMBER_REMOVED",
] as const;
export type DisconnectedReason = (typeof disconnectedReasons)[number];

export type OAuthReason = DeadReason | "TOKEN_REJECTED" | "INSUFFICIENT_SCOPE" | DisconnectedReason;

/** A state with its reason; the pairs that can be. */
export type OAuthStanding =
  | { state: "NOT_REQUIRED"; reason: null }
  | { state: "CONNECTED"; reason: null }
  | { state: "DISCONNECTED"; reason: DisconnectedReason }
  | { state: "REAUTH_REQUIRED"; reason: DeadReason | "TOKEN_REJECTED" | "INSUFFICIENT_SCOPE" };

export type OAuthEvent =
  /** Detection: the server asks for OAuth. */
  | { type: "authorizationRequired" }
  /** Detection or settings: the server asks for no OAuth. */
  | { type: "authorizationNotRequired" }
  /** A code was exchanged and the grant stored. */
  | { type: "consented" }
  | { type: "refreshed" }
  /** The grant is dead: no call of it is worth making. */
  | { type: "refreshFailedDead"; reason: DeadReason }
  /** Timeout, 5xx, garbage: says nothing about the grant. */
  | { type: "refreshFailedTransient" }
  /** The MCP server refuses fresh tokens again and again. */
  | { type: "tokenRejected" }
  /** The MCP server took the token. */
  | { type: "tokenAccepted" }
  /** 403 `insufficient_scope`: the token was taken for genuine, and is too narrow. */
  | { type: "scopeInsufficient" }
  | { type: "disconnected" }
  | { type: "settingsChanged" }
  | { type: "memberRemoved" };

export type OAuthEventType = OAuthEvent["type"];

/** Rows of the table. All dead reasons behave alike, and so do all ways of being disconnected. */
type Condition = "NOT_REQUIRED" | "DISCONNECTED" | "CONNECTED" | "DEAD" | "REJECTED" | "NARROW";

const notRequired: OAuthStanding = { state: "NOT_REQUIRED", reason: null };
const connected: OAuthStanding = { state: "CONNECTED", reason: null };
const notConnected: OAuthStanding = { state: "DISCONNECTED", reason: "NOT_CONNECTED" };
const byUser: OAuthStanding = { state: "DISCONNECTED", reason: "DISCONNECTED_BY_USER" };
const bySettings: OAuthStanding = { state: "DISCONNECTED", reason: "SETTINGS_CHANGED" };
const byRemoval: OAuthStanding = { state: "DISCONNECTED", reason: "MEMBER_REMOVED" };
const rejected: OAuthStanding = { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" };
const narrow: OAuthStanding = { state: "REAUTH_REQUIRED", reason: "INSUFFICIENT_SCOPE" };

/** What ends a grant ends it whatever shape it was in. */
const endings = {
  authorizationNotRequired: notRequired,
  disconnected: byUser,
  settingsChanged: bySettings,
  memberRemoved: byRemoval,
} as const;

/** What is not listed changes nothing. `"dead"` is the event's own reason. */
const transitions: Record<Condition, Partial<Record<OAuthEventType, OAuthStanding | "dead">>> = {
  NOT_REQUIRED: { authorizationRequired: notConnected },
  // Nothing is left to end, and how it ended stays told until somebody connects.
  DISCONNECTED: { authorizationNotRequired: notRequired, consented: connected },
  CONNECTED: {
    ...endings,
    refreshFailedDead: "dead",
    tokenRejected: rejected,
    scopeInsufficient: narrow,
  },
  // A late answer of the server or of a second refresher revives nothing; the first reason stands.
  DEAD: { ...endings, consented: connected },
  REJECTED: {
    ...endings,
    consented: connected,
    tokenAccepted: connected,
    refreshFailedDead: "dead",
    // The token is genuine again, but too narrow.
    scopeInsufficient: narrow,
  },
  // tokenRejected stays here: were it to lead to REJECTED, an accepted token would widen the scope without consent.
  NARROW: { ...endings, consented: connected, refreshFailedDead: "dead" },
};

/**
 * What becomes of an account after an event. An event without effect answers the standing it was given.
 * @throws RangeError for a pair that cannot be, which means a corrupt row.
 */
export function nextState(
  state: OAuthState,
  reason: OAuthReason | null,
  event: OAuthEvent,
): OAuthStanding {
  const standing = readStanding(state, reason);
  const target = transitions[findCondition(standing)][event.type] ?? standing;
  if (target !== "dead") return target;
  // Only refreshFailedDead leads to "dead" in the table; the test walks all of it.
  return event.type === "refreshFailedDead"
    ? { state: "REAUTH_REQUIRED", reason: event.reason }
    : standing;
}

/** True for a reason that only consent mends. */
export function isDeadReason(reason: OAuthReason | null): reason is DeadReason {
  return deadReasons.some((dead) => dead === reason);
}

/**
 * Checks that a stored pair is one of those that can be.
 * @throws RangeError when it is not.
 */
export function readStanding(state: OAuthState, reason: OAuthReason | null): OAuthStanding {
  if ((state === "NOT_REQUIRED" || state === "CONNECTED") && reason === null) {
    return { state, reason };
  }
  if (state === "DISCONNECTED") {
    const known = disconnectedReasons.find((one) => one === reason);
    if (known) return { state, reason: known };
  }
  if (state === "REAUTH_REQUIRED") {
    if (reason === "TOKEN_REJECTED" || reason === "INSUFFICIENT_SCOPE" || isDeadReason(reason)) {
      return { state, reason };
    }
  }
  throw new RangeError(`No account can be ${state} because of ${reason ?? "nothing"}`);
}

function findCondition({ state, reason }: OAuthStanding): Condition {
  if (state !== "REAUTH_REQUIRED") return state;
  if (reason === "TOKEN_REJECTED") return "REJECTED";
  return reason === "INSUFFICIENT_SCOPE" ? "NARROW" : "DEAD";
}
