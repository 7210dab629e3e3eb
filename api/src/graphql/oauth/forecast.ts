import type { Forecast } from "#services/grant/forecast.ts";
import { builder } from "../builder.ts";

const OAuthForecastReason = builder.enumType("OAuthForecastReason", {
  description: "The reasons that a user will be needed.",
  values: {
    NO_REFRESH_TOKEN: {
      description:
        "No refresh token was issued, so the authorization ends when the access token expires.",
    },
    REFRESH_TOKEN_EXPIRES: {
      description:
        "The refresh token expires at a time stated by the authorization server. If the server issues a new refresh token at each refresh, this time moves accordingly.",
    },
    CLIENT_SECRET_EXPIRES: {
      description:
        "The client secret of Gatehouse's dynamic registration expires, after which tokens can no longer be refreshed.",
    },
    KEY_EXPIRES: { description: "The key expires at the time that was entered with it." },
    REFRESH_FAILING: {
      description:
        "Several consecutive refresh attempts received no usable response. The account recovers automatically when the authorization server does. `at` is the expiry of the access token, and null after that.",
    },
  } as const,
});

export const OAuthForecast = builder.objectRef<Forecast>("OAuthForecast").implement({
  description: "The expected end of the authorization of a connected account if no user acts.",
  fields: (t) => ({
    at: t.expose("at", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which a user will be needed. Null if it is not known, for example for REFRESH_FAILING after the access token has expired.",
    }),
    reason: t.expose("reason", {
      type: OAuthForecastReason,
      description: "The reason that a user will be needed.",
    }),
  }),
});
