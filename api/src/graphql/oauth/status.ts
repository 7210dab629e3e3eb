import type { AccountReason } from "#oauth/key-state.ts";
import { readKeyStatus } from "#services/grant/account-keys.ts";
import { forecastKey, forecastNeed } from "#services/grant/forecast.ts";
import { builder } from "../builder.ts";
import { User } from "../workspace/user.ts";
import { ClientRegistrationKind, OAuthFlow } from "./flow.ts";
import { OAuthForecast } from "./forecast.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "./state.ts";
import type { OAuthStatusShape } from "./status-loader.ts";

interface PresentStatus {
  state: OAuthStateName;
  reason: AccountReason | null;
}

/** The stored status, or AUTHORIZING while a flow of the caller is open. */
function presentStatus({ server, grant, key, activeFlow }: OAuthStatusShape): PresentStatus {
  switch (server.authType) {
    case "UNKNOWN":
      return { state: "UNKNOWN", reason: null };
    case "NONE":
      return { state: "NOT_REQUIRED", reason: null };
    case "HEADERS":
      return readKeyStatus(
        { configVersion: server.configVersion, hasHeaders: server.headerNames.length > 0 },
        key && { ...key, hasHeaders: key.headerNames.length > 0 },
      );
    case "OAUTH": {
      const { state, reason } = grant ?? { state: "DISCONNECTED", reason: "NOT_CONNECTED" };
      return { state: state === "DISCONNECTED" && activeFlow ? "AUTHORIZING" : state, reason };
    }
  }
}

/** The expiry of the headers that calls send. The user's own take precedence. */
function readKeyExpiry({ server, key }: OAuthStatusShape): Date | null {
  return key && key.headerNames.length > 0 ? key.expiresAt : server.headersExpireAt;
}

/** A grant that has ended has no tokens. */
function isRefreshable(grant: NonNullable<OAuthStatusShape["grant"]>): boolean {
  const { grantType, accessToken, refreshToken } = grant;
  return refreshToken !== null || (grantType === "CLIENT_CREDENTIALS" && accessToken !== null);
}

export const OAuthStatus = builder.objectRef<OAuthStatusShape>("OAuthStatus").implement({
  description:
    "The status of the account that the caller's calls use: of its OAuth grant, or of its key if the server authenticates with a header.",
  fields: (t) => ({
    state: t.field({ type: OAuthState, resolve: (status) => presentStatus(status).state }),
    reason: t.field({
      type: OAuthReason,
      nullable: true,
      description:
        "The reason for the state. Null if the account is CONNECTED without problems, its state is UNKNOWN, or the server requires neither OAuth nor a key.",
      resolve: (status) => presentStatus(status).reason,
    }),
    issuer: t.field({
      type: "URL",
      nullable: true,
      description: "The issuer of the authorization server that issued the grant.",
      resolve: ({ grant }) => grant?.issuer ?? null,
    }),
    clientRegistration: t.field({
      type: ClientRegistrationKind,
      nullable: true,
      description:
        "The way in which Gatehouse is registered as a client at the authorization server.",
      resolve: ({ grant }) => grant?.client?.kind ?? null,
    }),
    requestedScopes: t.stringList({ resolve: ({ grant }) => grant?.requestedScopes ?? [] }),
    grantedScopes: t.stringList({ resolve: ({ grant }) => grant?.grantedScopes ?? [] }),
    accessTokenExpiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the access token expires. Null if the authorization server did not state it, or if no token is stored.",
      resolve: ({ grant }) => grant?.accessTokenExpiresAt ?? null,
    }),
    renewable: t.boolean({
      description:
        "Whether tokens can be refreshed without a user: a refresh token is stored, or the workspace authenticates as itself.",
      resolve: ({ grant }) => grant !== null && isRefreshable(grant),
    }),
    forecast: t.field({
      type: OAuthForecast,
      nullable: true,
      description:
        "The earliest known time and reason at which a user will be needed. Null if the state is not CONNECTED or no such time is known.",
      resolve: (status) => {
        const { server, grant } = status;
        if (server.authType === "HEADERS")
          return forecastKey(presentStatus(status).state, readKeyExpiry(status));
        return grant && server.authType === "OAUTH"
          ? forecastNeed(
              {
                ...grant,
                renewable: isRefreshable(grant),
                clientSecretExpiresAt: grant.client?.clientSecretExpiresAt ?? null,
              },
              new Date(),
            )
          : null;
      },
    }),
    connectedAt: t.field({
      type: "DateTime",
      nullable: true,
      resolve: ({ grant }) => grant?.connectedAt ?? null,
    }),
    lastRefreshedAt: t.field({
      type: "DateTime",
      nullable: true,
      resolve: ({ grant }) => grant?.lastRefreshedAt ?? null,
    }),
    connectedBy: t.prismaField({
      type: User,
      nullable: true,
      description: "The user that gave consent.",
      resolve: (query, { grant }, _args, { db }) =>
        grant?.connectedById
          ? db.user.findUnique({ ...query, where: { id: grant.connectedById } })
          : null,
    }),
    activeFlow: t.field({
      type: OAuthFlow,
      nullable: true,
      description:
        "The caller's most recent pending consent attempt, which lets a reloaded page continue it. Null if there is none.",
      resolve: ({ activeFlow }) => activeFlow,
    }),
  }),
});
