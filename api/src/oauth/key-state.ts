/**
 * The transition table of a key: whether the server accepts the headers that an account sends. It is derived only from responses of the
 * server (regressions I20).
 */
import type { OAuthReason, OAuthState } from "./state.ts";

/** UNKNOWN: not tried with the current settings. */
export type KeyState = "UNKNOWN" | "ACCEPTED" | "REJECTED";

export type KeyReason = "KEY_MISSING" | "KEY_REJECTED";

/** The state of an account at any server, whether it uses OAuth or a key. */
export type AccountState = OAuthState | "UNKNOWN";
export type AccountReason = OAuthReason | KeyReason;

/** The public state of an account that uses a key, with its reason. */
export type KeyStatus =
  | { state: "UNKNOWN" | "CONNECTED"; reason: null }
  | { state: "REAUTH_REQUIRED"; reason: KeyReason };

export type KeyEvent =
  /** The server answered a request. */
  | "accepted"
  /** The server answered with 401 or 403, also in a new session. */
  | "rejected"
  /** A timeout, 5xx or invalid response: says nothing about the key. */
  | "unanswered"
  /** The key, or the server's settings, were changed. */
  | "changed";

const targets: Record<KeyEvent, KeyState | null> = {
  accepted: "ACCEPTED",
  rejected: "REJECTED",
  unanswered: null,
  changed: "UNKNOWN",
};

/** Returns the state of a key after an event. */
export function nextKeyState(state: KeyState, event: KeyEvent): KeyState {
  return targets[event] ?? state;
}

/** @param hasKey whether any headers are configured for the account */
export function describeKey(state: KeyState, hasKey: boolean): KeyStatus {
  if (state === "ACCEPTED") return { state: "CONNECTED", reason: null };
  if (!hasKey) return { state: "REAUTH_REQUIRED", reason: "KEY_MISSING" };
  return state === "REJECTED"
    ? { state: "REAUTH_REQUIRED", reason: "KEY_REJECTED" }
    : { state: "UNKNOWN", reason: null };
}
