import type {
  CredentialScope,
  McpAuthType,
  OAuthFlowError,
  OAuthFlowStatus,
  OAuthFlowStepKind,
  OAuthReason,
  OAuthState,
  StepOutcome,
  ToolExecutionStatus,
  ClientRegistrationKind,
} from "../graphql/generated/graphql.ts";

/** What a colour says: connected or done, in progress, a person must act, off, broken. */
export type Tone = "good" | "busy" | "act" | "off" | "bad";

type Worded = { label: string; tone: Tone };

export const stateWords: Record<OAuthState, Worded> = {
  UNKNOWN: { label: "Not checked yet", tone: "off" },
  NOT_REQUIRED: { label: "Ready", tone: "good" },
  DISCONNECTED: { label: "Not connected", tone: "off" },
  AUTHORIZING: { label: "Signing in", tone: "busy" },
  CONNECTED: { label: "Connected", tone: "good" },
  REAUTH_REQUIRED: { label: "Sign-in needed", tone: "act" },
};

/** The condition of an account that uses a key and needs a person. */
export const keyWords: Record<"KEY_MISSING" | "KEY_REJECTED", Worded> = {
  KEY_MISSING: { label: "Key needed", tone: "act" },
  KEY_REJECTED: { label: "Key rejected", tone: "act" },
};

/** Why, as one sentence to the person who looks at the server. */
export const reasonWords: Record<OAuthReason, string> = {
  NOT_CONNECTED: "Nobody has connected an account yet.",
  GRANT_INVALID: "The provider ended this access: it expired, was revoked or was used elsewhere.",
  NO_REFRESH_TOKEN: "The access ran out, and the provider gave no means to renew it.",
  REFRESH_INTERRUPTED:
    "Renewing was cut short, and the provider does not accept the old token again.",
  REFRESH_REFUSED: "The access has expired, and the provider repeatedly refused to refresh it.",
  TOKEN_REJECTED:
    "The server refuses fresh tokens. It may recover by itself; signing in again may help.",
  INSUFFICIENT_SCOPE: "The server asks for more permissions than were granted.",
  CLIENT_INVALID: "The provider no longer knows Gatehouse's registration.",
  AUTHORIZATION_SERVER_CHANGED: "The server now uses another sign-in provider.",
  KEY_MISSING: "The server requires a key, and none has been entered.",
  KEY_REJECTED: "The server rejected the key. It may have expired or been revoked.",
  SETTINGS_CHANGED: "The server's settings were changed, so its old access was given up.",
  DISCONNECTED_BY_USER: "The account was disconnected.",
  MEMBER_REMOVED: "The person whose account it was has left the workspace.",
};

export const flowStatusWords: Record<OAuthFlowStatus, Worded> = {
  PENDING: { label: "Under way", tone: "busy" },
  SUCCEEDED: { label: "Succeeded", tone: "good" },
  FAILED: { label: "Failed", tone: "bad" },
  CANCELLED: { label: "Cancelled", tone: "off" },
  EXPIRED: { label: "Expired", tone: "off" },
};

export const flowErrorWords: Record<OAuthFlowError, string> = {
  ACCESS_DENIED: "Access was refused on the consent page.",
  AUTHORIZATION_SERVER_ERROR: "The sign-in provider reported an error.",
  INVALID_REQUEST: "The provider's answer was incomplete.",
  WRONG_USER:
    "The consent was finished by someone who is signed in to Gatehouse as another person.",
  FORBIDDEN: "You may no longer connect this server.",
  ISSUER_MISMATCH:
    "The answer came from a different provider than the one asked, so it was refused.",
  TOKEN_EXCHANGE_FAILED: "The provider did not hand out a token.",
  SERVER_GONE: "The server was deleted meanwhile.",
  SETTINGS_CHANGED: "The server's settings changed meanwhile.",
  DISCOVERY_FAILED: "The server's sign-in provider could not be found.",
};

export const stepWords: Record<OAuthFlowStepKind, string> = {
  PROBE: "Ask the server",
  PROTECTED_RESOURCE_METADATA: "Read what it protects",
  AUTHORIZATION_SERVER_METADATA: "Find the sign-in provider",
  CLIENT_REGISTRATION: "Introduce Gatehouse",
  CONSENT: "Your consent",
  CALLBACK: "Come back",
  TOKEN_EXCHANGE: "Receive the tokens",
  TOOL_DISCOVERY: "Read the tools",
};

export const outcomeWords: Record<StepOutcome, Worded> = {
  OK: { label: "Done", tone: "good" },
  FAILED: { label: "Failed", tone: "bad" },
  SKIPPED: { label: "Skipped", tone: "off" },
};

export const executionWords: Record<ToolExecutionStatus, Worded> = {
  RUNNING: { label: "Running", tone: "busy" },
  WAITING_FOR_INPUT: { label: "Waiting for your answer", tone: "act" },
  SUCCEEDED: { label: "Succeeded", tone: "good" },
  FAILED: { label: "Failed", tone: "bad" },
  CANCELLED: { label: "Cancelled", tone: "off" },
  TIMED_OUT: { label: "Timed out", tone: "bad" },
  REAUTH_REQUIRED: { label: "Sign-in needed", tone: "act" },
  INTERRUPTED: { label: "Interrupted", tone: "bad" },
};

export const authTypeWords: Record<McpAuthType, string> = {
  UNKNOWN: "Not detected yet",
  NONE: "Open",
  HEADERS: "Key in headers",
  OAUTH: "OAuth",
};

export const registrationWords: Record<ClientRegistrationKind, string> = {
  PRE_REGISTERED: "by hand, with a client id",
  CLIENT_ID_METADATA_DOCUMENT: "by metadata document",
  DYNAMIC: "automatically",
};

export const accountWords: Record<CredentialScope, { label: string; detail: string }> = {
  PERSONAL: {
    label: "Everyone's own",
    detail: "Each member signs in with an account of their own.",
  },
  WORKSPACE: {
    label: "One for the workspace",
    detail: "An admin signs in once; every member's calls run as that account.",
  },
};
