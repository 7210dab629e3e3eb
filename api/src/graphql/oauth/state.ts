import { builder } from "../builder.ts";

export const OAuthState = builder.enumType("OAuthState", {
  description: "How an account stands with a server.",
  values: {
    NOT_REQUIRED: { description: "The server asks for no OAuth." },
    DISCONNECTED: { description: "OAuth is needed and no account is connected." },
    AUTHORIZING: {
      description:
        "DISCONNECTED, and an attempt of the caller is under way. Derived when read; it never appears in the log.",
    },
    CONNECTED: { description: "A grant is held; calls go out with it." },
    REAUTH_REQUIRED: { description: "The grant is dead or too narrow: only a person can mend it." },
  } as const,
});
export type OAuthStateName =
  | "NOT_REQUIRED"
  | "DISCONNECTED"
  | "AUTHORIZING"
  | "CONNECTED"
  | "REAUTH_REQUIRED";

export const OAuthReason = builder.enumType("OAuthReason", {
  description:
    "Why a state is what it is. Dead until consent: GRANT_INVALID, NO_REFRESH_TOKEN, REFRESH_INTERRUPTED, AUTHORIZATION_SERVER_CHANGED, CLIENT_INVALID. Mends itself when the server relents, or by consent: TOKEN_REJECTED. Only the calls that need it: INSUFFICIENT_SCOPE. With DISCONNECTED: NOT_CONNECTED, SETTINGS_CHANGED, DISCONNECTED_BY_USER, MEMBER_REMOVED.",
  values: {
    NOT_CONNECTED: { description: "Nobody has connected yet." },
    GRANT_INVALID: {
      description: "The authorization server answered invalid_grant: expired, revoked or reused.",
    },
    NO_REFRESH_TOKEN: {
      description: "No refresh token was issued and the access token has run out.",
    },
    REFRESH_INTERRUPTED: {
      description:
        "A process died between sending the refresh token and storing the answer, and the token proved to be used up.",
    },
    TOKEN_REJECTED: { description: "The server refuses fresh tokens again and again." },
    INSUFFICIENT_SCOPE: { description: "The server asks for scopes that were not granted." },
    CLIENT_INVALID: { description: "The client registration is gone or its secret expired." },
    AUTHORIZATION_SERVER_CHANGED: {
      description: "The server now names another authorization server.",
    },
    SETTINGS_CHANGED: { description: "URL, client or credential settings were changed." },
    DISCONNECTED_BY_USER: { description: "Someone entitled to it disconnected the account." },
    MEMBER_REMOVED: { description: "The account's person left the workspace." },
  } as const,
});
