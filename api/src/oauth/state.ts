/**
 * The transition table of an account's OAuth state. A state has no meaning without its reason, so
 * both are stored, logged and changed together.
 */

/**
 * The stored states. AUTHORIZING is derived when reading, from DISCONNECTED with an open flow, and
 * therefore not included.
 */
export type OAuthState = "NOT_REQUIRED" | "DISCONNECTED" | "CONNECTED" | "REAUTH_REQUIRED";

/** Reasons that only a new consent resolves. The grant is never used again. */
export const deadReasons = [
  "GRANT_INVALID",
  "NO_REFRESH_TOKEN",
  "REFRESH_INTERRUPTED",
  "REFRESH_REFUSED",
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

/** A state with its reason, limited to valid pairs. */
export type GrantStatus =
  | { state: "NOT_REQUIRED"; reason: null }
  | { state: "CONNECTED"; reason: null }
  | { state: "DISCONNECTED"; reason: DisconnectedReason }
  | { state: "REAUTH_REQUIRED"; reason: DeadReason | "TOKEN_REJECTED" | "INSUFFICIENT_SCOPE" };

export type OAuthEvent =
  /** Detection: the server requires OAuth. */
  | { type: "authorizationRequired" }
  /** Detection or settings: the server does not require OAuth. */
  | { type: "authorizationNotRequired" }
  /** A code was exchanged and the grant stored. */
  | { type: "consented" }
  | { type: "refreshed" }
  /** The grant has ended and can no longer be used. */
  | { type: "refreshFailedDead"; reason: DeadReason }
  /** Timeout, 5xx or invalid response: says nothing about the grant. */
  | { type: "refreshFailedTransient" }
  /** The MCP server repeatedly rejected new tokens. */
  | { type: "tokenRejected" }
  /** The MCP server accepted the token. */
  | { type: "tokenAccepted" }
  /** 403 `insufficient_scope`: the token was accepted as genuine, but its scope is too narrow. */
  | { type: "scopeInsufficient" }
  | { type: "disconnected" }
  | { type: "settingsChanged" }
  | { type: "memberRemoved" };

export type OAuthEventType = OAuthEvent["type"];

/**
 * The rows of the table. All dead reasons behave the same, and so do all reasons of DISCONNECTED.
 */
type Condition = "NOT_REQUIRED" | "DISCONNECTED" | "CONNECTED" | "DEAD" | "REJECTED" | "NARROW";

const notRequired: GrantStatus = { state: "NOT_REQUIRED", reason: null };
const connected: GrantStatus = { state: "CONNECTED", reason: null };
const notConnected: GrantStatus = { state: "DISCONNECTED", reason: "NOT_CONNECTED" };
const byUser: GrantStatus = { state: "DISCONNECTED", reason: "DISCONNECTED_BY_USER" };
const bySettings: GrantStatus = { state: "DISCONNECTED", reason: "SETTINGS_CHANGED" };
const byRemoval: GrantStatus = { state: "DISCONNECTED", reason: "MEMBER_REMOVED" };
const rejected: GrantStatus = { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" };
const narrow: GrantStatus = { state: "REAUTH_REQUIRED", reason: "INSUFFICIENT_SCOPE" };

/** Events that end a grant in any state. */
const endings = {
  authorizationNotRequired: notRequired,
  disconnected: byUser,
  settingsChanged: bySettings,
  memberRemoved: byRemoval,
} as const;

/** Events that are not listed change nothing. `"dead"` stands for the reason of the event. */
const transitions: Record<Condition, Partial<Record<OAuthEventType, GrantStatus | "dead">>> = {
  NOT_REQUIRED: { authorizationRequired: notConnected },
  // There is nothing to end, and the reason is kept until an account is connected.
  DISCONNECTED: { authorizationNotRequired: notRequired, consented: connected },
  CONNECTED: {
    ...endings,
    refreshFailedDead: "dead",
    tokenRejected: rejected,
    scopeInsufficient: narrow,
  },
  // A late response of the server or of a second refresher does not restore the grant; the first
  // reason is kept.
  DEAD: { ...endings, consented: connected },
  REJECTED: {
    ...endings,
    consented: connected,
    tokenAccepted: connected,
    refreshFailedDead: "dead",
    // The token is accepted as genuine again, but its scope is too narrow.
    scopeInsufficient: narrow,
  },
  // tokenRejected changes nothing here: if it led to REJECTED, an accepted token would then clear
  // the state without a consent to the missing scope.
  NARROW: { ...endings, consented: connected, refreshFailedDead: "dead" },
};

/**
 * Returns the state of an account after an event, or the same object if the event has no effect.
 * @throws RangeError for an invalid pair, which means that the row is corrupt
 */
export function nextState(
  state: OAuthState,
  reason: OAuthReason | null,
  event: OAuthEvent,
): GrantStatus {
  const status = readGrantStatus(state, reason);
  const target = transitions[findCondition(status)][event.type] ?? status;
  if (target !== "dead") return target;
  // In the table only refreshFailedDead leads to "dead"; the test covers the complete table.
  return event.type === "refreshFailedDead"
    ? { state: "REAUTH_REQUIRED", reason: event.reason }
    : status;
}

/** Whether only a new consent resolves the reason. */
export function isDeadReason(reason: OAuthReason | null): reason is DeadReason {
  return deadReasons.some((dead) => dead === reason);
}

/**
 * Checks that a stored pair is valid.
 * @throws RangeError if it is not
 */
export function readGrantStatus(state: OAuthState, reason: OAuthReason | null): GrantStatus {
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

function findCondition({ state, reason }: GrantStatus): Condition {
  if (state !== "REAUTH_REQUIRED") return state;
  if (reason === "TOKEN_REJECTED") return "REJECTED";
  return reason === "INSUFFICIENT_SCOPE" ? "NARROW" : "DEAD";
}
