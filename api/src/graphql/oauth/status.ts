import { forecastNeed } from "#services/grant/forecast.ts";
import { builder } from "../builder.ts";
import { User } from "../workspace/user.ts";
import { ClientRegistrationKind, OAuthFlow } from "./flow.ts";
import { OAuthForecast } from "./forecast.ts";
import { OAuthReason, OAuthState, type OAuthStateName } from "./state.ts";
import type { OAuthStatusShape } from "./status-loader.ts";

/** The stored fact, or AUTHORIZING where an attempt of the caller's is under way. */
function presentState({ server, grant, activeFlow }: OAuthStatusShape): OAuthStateName {
  if (server.authType !== "OAUTH") return "NOT_REQUIRED";
  const stored = grant?.state ?? "DISCONNECTED";
  return stored === "DISCONNECTED" && activeFlow ? "AUTHORIZING" : stored;
}

/** A dead grant holds no token of any kind. */
function isRenewable(grant: NonNullable<OAuthStatusShape["grant"]>): boolean {
  const { grantType, accessToken, refreshToken } = grant;
  return refreshToken !== null || (grantType === "CLIENT_CREDENTIALS" && accessToken !== null);
}

export const OAuthStatus = builder.objectRef<OAuthStatusShape>("OAuthStatus").implement({
  description: "How the account that the caller would use stands with a server.",
  fields: (t) => ({
    state: t.field({ type: OAuthState, resolve: presentState }),
    reason: t.field({
      type: OAuthReason,
      nullable: true,
      description: "Null while CONNECTED without trouble and where no OAuth is needed.",
      resolve: ({ server, grant }) =>
        server.authType === "OAUTH" ? (grant ? grant.reason : "NOT_CONNECTED") : null,
    }),
    issuer: t.field({
      type: "URL",
      nullable: true,
      description: "The authorization server that issued the grant.",
      resolve: ({ grant }) => grant?.issuer ?? null,
    }),
    clientRegistration: t.field({
      type: ClientRegistrationKind,
      nullable: true,
      description: "How Gatehouse is known there.",
      resolve: ({ grant }) => grant?.client?.kind ?? null,
    }),
    requestedScopes: t.stringList({ resolve: ({ grant }) => grant?.requestedScopes ?? [] }),
    grantedScopes: t.stringList({ resolve: ({ grant }) => grant?.grantedScopes ?? [] }),
    accessTokenExpiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "Null when the authorization server did not say, or nothing is held.",
      resolve: ({ grant }) => grant?.accessTokenExpiresAt ?? null,
    }),
    renewable: t.boolean({
      description:
        "True when a refresh token is held, or the workspace authenticates as itself, so that no person is needed at expiry.",
      resolve: ({ grant }) => grant !== null && isRenewable(grant),
    }),
    forecast: t.field({
      type: OAuthForecast,
      nullable: true,
      description:
        "When a person will be needed and why, the earliest of what is known. Null while not CONNECTED, and when nothing is known that would end it.",
      resolve: ({ server, grant }) =>
        grant && server.authType === "OAUTH"
          ? forecastNeed(
              {
                ...grant,
                renewable: isRenewable(grant),
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
      description: "Who gave consent.",
      resolve: (query, { grant }, _args, { db }) =>
        grant?.connectedById
          ? db.user.findUnique({ ...query, where: { id: grant.connectedById } })
          : null,
    }),
    activeFlow: t.field({
      type: OAuthFlow,
      nullable: true,
      description:
        "The caller's latest unfinished attempt, so that a reloaded page finds it again.",
      resolve: ({ activeFlow }) => activeFlow,
    }),
  }),
});
