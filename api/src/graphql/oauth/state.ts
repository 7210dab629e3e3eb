import { builder } from "../builder.ts";

export const OAuthState = builder.enumType("OAuthState", {
  description: "The possible OAuth states of an account at a server.",
  values: {
    UNKNOWN: {
      description:
        "It is not known whether the account can be used: the server's authentication was not detected, or the key has not been tried since it was changed.",
    },
    NOT_REQUIRED: { description: "The server requires neither OAuth nor a key." },
    DISCONNECTED: { description: "The server requires OAuth and no account is connected." },
    AUTHORIZING: {
      description:
        "The account is disconnected, and a consent attempt of the caller is in progress. Calculated when read, and never recorded in the event log.",
    },
    CONNECTED: {
      description:
        "The account has a grant, and calls use it; or the server accepts the account's key.",
    },
    REAUTH_REQUIRED: {
      description:
        "The grant is invalid or lacks required scopes, and a user must give consent again; or a key is missing or was rejected (KEY_MISSING, KEY_REJECTED), and must be entered.",
    },
  } as const,
});
export type OAuthStateName =
  | "UNKNOWN"
  | "NOT_REQUIRED"
  | "DISCONNECTED"
  | "AUTHORIZING"
  | "CONNECTED"
  | "REAUTH_REQUIRED";

export const OAuthReason = builder.enumType("OAuthReason", {
  description:
    "The reasons for an OAuth state. Consent is required for GRANT_INVALID, NO_REFRESH_TOKEN, REFRESH_INTERRUPTED, REFRESH_REFUSED, AUTHORIZATION_SERVER_CHANGED and CLIENT_INVALID. TOKEN_REJECTED is resolved by consent, or automatically when the server accepts tokens again. INSUFFICIENT_SCOPE affects only the calls that need the missing scopes. NOT_CONNECTED, SETTINGS_CHANGED, DISCONNECTED_BY_USER and MEMBER_REMOVED occur with DISCONNECTED. KEY_MISSING and KEY_REJECTED concern servers that authenticate with a key in a header.",
  values: {
    NOT_CONNECTED: { description: "No account has been connected." },
    GRANT_INVALID: {
      description:
        "The authorization server returned invalid_grant: the grant is expired or revoked, or a refresh token was reused.",
    },
    NO_REFRESH_TOKEN: {
      description: "The access token has expired and no refresh token was issued.",
    },
    REFRESH_REFUSED: {
      description:
        "The access token has expired, and the authorization server repeatedly refused to refresh it with an error other than invalid_grant.",
    },
    REFRESH_INTERRUPTED: {
      description:
        "A process stopped between sending the refresh token and storing the response, and the refresh token proved to be already used.",
    },
    TOKEN_REJECTED: { description: "The server repeatedly rejected newly issued access tokens." },
    INSUFFICIENT_SCOPE: { description: "The server requires scopes that have not been granted." },
    CLIENT_INVALID: {
      description: "The client registration no longer exists or its secret has expired.",
    },
    AUTHORIZATION_SERVER_CHANGED: {
      description: "The server now names a different authorization server.",
    },
    KEY_MISSING: {
      description: "The server requires a key in a header, and none has been entered.",
    },
    KEY_REJECTED: {
      description:
        "The server rejected the key with 401 or 403. Resolved by a new key, or automatically when the server accepts the key again.",
    },
    SETTINGS_CHANGED: {
      description: "The URL, client or credential settings of the server were changed.",
    },
    DISCONNECTED_BY_USER: { description: "The account was disconnected by an authorized user." },
    MEMBER_REMOVED: {
      description:
        "The user that the account belongs to, or who consented to it, is no longer a member of the workspace.",
    },
  } as const,
});
