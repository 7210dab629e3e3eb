import { forecastNeed } from "#services/grant/forecast.ts";
import { builder } from "../builder.ts";
import { User } from "../workspace/user.ts";
import { ClientRegistrationKind, OAuthFlow } from "./flow.ts";
import { OAuthForecast } from "./forecast.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "./state.ts";
import type { OAuthStatusShape } from "./status-loader.ts";

/** The stored state, or AUTHORIZING while a flow of the caller is open. */
function presentState({ server, grant, activeFlow }: OAuthStatusShape): OAuthStateName {
  if (server.authType !== "OAUTH") return "NOT_REQUIRED";
  const stored = grant?.state ?? "DISCONNECTED";
  return stored === "DISCONNECTED" && activeFlow ? "AUTHORIZING" : stored;
}

/** A grant that has ended has no tokens. */
function isRefreshable(grant: NonNullable<OAuthStatusShape["grant"]>): boolean {
  const { grantType, accessToken, refreshToken } = grant;
  return refreshToken !== null || (grantType === "CLIENT_CREDENTIALS" && accessToken !== null);
}

export const OAuthStatus = builder.objectRef<OAuthStatusShape>("OAuthStatus").implement({
  description: "The OAuth status of the account that the caller's calls use.",
  fields: (t) => ({
    state: t.field({ type: OAuthState, resolve: presentState }),
    reason: t.field({
      type: OAuthReason,
      nullable: true,
      description:
        "The reason for the state. Null if the account is CONNECTED without problems or the server does not require OAuth.",
      resolve: ({ server, grant }) =>
        server.authType === "OAUTH" ? (grant ? grant.reason : "NOT_CONNECTED") : null,
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
      resolve: ({ server, grant }) =>
        grant && server.authType === "OAUTH"
          ? forecastNeed(
              {
                ...grant,
                renewable: isRefreshable(grant),
                clientSecretExpiresAt: grant.client?.clientSecretExpiresAt ?? null,
              },
              new Date(),
            )
          : null,
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
