/**
 * Providers that are known to deviate from the specifications. `provider-profiles.ts` describes
 * each deviation.
 */
import type { HostProfile, ProviderProfile, ShapeProfile } from "./provider-profiles.ts";

export const slack: HostProfile = {
  name: "Slack",
  hosts: ["slack.com", "mcp.slack.com"],
  deviations: {
    // Metadata at mcp.slack.com has named slack.com as issuer.
    "issuer-elsewhere": true,
    "user-scope": true,
    "nested-token": "authed_user",
    "token-types": ["user"],
    "comma-scopes": true,
    "error-codes": {
      invalid_refresh_token: "invalid_grant",
      token_expired: "invalid_grant",
      token_revoked: "invalid_grant",
      authorization_not_found: "invalid_grant",
      account_inactive: "invalid_grant",
      invalid_code: "invalid_grant",
      code_already_used: "invalid_grant",
      invalid_client_id: "invalid_client",
      bad_client_secret: "invalid_client",
      bad_redirect_uri: "invalid_request",
    },
  },
  expects: [
    "does not support automatic client registration",
    "errors come with HTTP 200 and ok:false",
  ],
};

export const github: HostProfile = {
  name: "GitHub",
  hosts: ["github.com", ".ghe.com"],
  deviations: {
    "comma-scopes": true,
    "error-codes": {
      bad_refresh_token: "invalid_grant",
      bad_verification_code: "invalid_grant",
      incorrect_client_credentials: "invalid_client",
      redirect_uri_mismatch: "invalid_request",
    },
    "authentication-methods": ["client_secret_post"],
  },
  expects: [
    "does not support automatic client registration",
    "tokens may never expire",
    "errors come with HTTP 200",
    "responses are JSON only if requested",
  ],
};

export const entra: HostProfile = {
  name: "Entra",
  hosts: [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    ".ciamlogin.com",
  ],
  deviations: {
    // AADSTS9010010.
    "no-resource-parameter": true,
    "pkce-unlisted": true,
    // AADSTS90094.
    "no-consent-prompt": true,
  },
  expects: [
    "does not support automatic client registration",
    "no scope is sent on refresh, so none is mixed",
  ],
};

export const google: HostProfile = {
  name: "Google",
  hosts: ["accounts.google.com"],
  deviations: {
    "issuer-trailing-slash": true,
    "authorization-parameters": { access_type: "offline", prompt: "consent" },
  },
  expects: [
    "does not support automatic client registration",
    "tools are listed without a token, which is required to call one",
    "a refresh response contains no refresh token",
  ],
};

export const atlassian: HostProfile = {
  name: "Atlassian",
  hosts: ["mcp.atlassian.com", "cf.mcp.atlassian.com", "auth.atlassian.com"],
  // Metadata at mcp.atlassian.com names cf.mcp.atlassian.com; metadata for a path at
  // auth.atlassian.com names its origin.
  deviations: { "issuer-elsewhere": true },
  expects: [
    "the server's origin is the authorization server if no resource metadata is published",
    "consent is required again frequently",
  ],
};

export const notion: HostProfile = {
  name: "Notion",
  hosts: ["mcp.notion.com"],
  deviations: {},
  expects: [
    "two client authentication methods in one request are rejected",
    "a refresh token used twice ends all tokens of its family",
  ],
};

export const oidcProvider: ShapeProfile = {
  name: "oidc-provider",
  endpoints: [{ authorization: "/auth", token: "/token", registration: "/reg" }],
  deviations: {},
  expects: [
    "a refresh token is issued only for offline_access with prompt=consent",
    "a refresh token used twice ends the grant",
  ],
};

export const betterAuth: ShapeProfile = {
  name: "better-auth",
  endpoints: [
    {
      authorization: "/oauth2/authorize",
      token: "/oauth2/token",
      registration: "/oauth2/register",
    },
    { authorization: "/mcp/authorize", token: "/mcp/token", registration: "/mcp/register" },
  ],
  deviations: {},
  expects: [
    "the issuer has a path",
    "an http loopback callback is registered as application_type native",
    "a refresh token may be used twice within 30 seconds",
  ],
};

export const knownProviders: readonly ProviderProfile[] = [
  slack,
  github,
  entra,
  google,
  atlassian,
  notion,
  oidcProvider,
  betterAuth,
];
