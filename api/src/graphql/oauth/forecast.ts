import type { Forecast } from "#services/grant/forecast.ts";
import { builder } from "../builder.ts";

const OAuthForecastReason = builder.enumType("OAuthForecastReason", {
  description: "Why a person will be needed.",
  values: {
    NO_REFRESH_TOKEN: {
      description: "No refresh token was issued: when the access token runs out, it is over.",
    },
    REFRESH_TOKEN_EXPIRES: {
      description:
        "The authorization server states how long the refresh token lives. Many give a new one at each renewal, and the time moves on with it.",
    },
    CLIENT_SECRET_EXPIRES: {
      description: "The secret of Gatehouse's own registration runs out, and renewal with it.",
    },
    REFRESH_FAILING: {
      description:
        "Several renewals in a row got no usable answer. It mends itself when the authorization server does; `at` is when the access token runs out, null once it has.",
    },
  } as const,
});

export const OAuthForecast = builder.objectRef<Forecast>("OAuthForecast").implement({
  description: "What will end an account that works now, unless a person acts before.",
  fields: (t) => ({
    at: t.expose("at", {
      type: "DateTime",
      nullable: true,
      description:
        "When a person will be needed; null when that is not known, as with REFRESH_FAILING once the access token has run out.",
    }),
    reason: t.expose("reason", { type: OAuthForecastReason, description: "Why." }),
  }),
});
