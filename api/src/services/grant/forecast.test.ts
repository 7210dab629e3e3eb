import { expect, it } from "vitest";
import { forecastNeed, type Forecast, type ForecastFacts } from "./forecast.ts";

const now = new Date("2026-11-23T11:00:00Z");
const anHourAgo = new Date("2026-11-23T10:00:00Z");
const inAnHour = new Date("2026-11-23T12:00:00Z");
const inADay = new Date("2026-11-24T11:00:00Z");
const inAWeek = new Date("2026-11-30T11:00:00Z");

/** An account without any known event that would end its authorization. */
const healthy: ForecastFacts = {
  state: "CONNECTED",
  renewable: true,
  accessTokenExpiresAt: inAnHour,
  refreshTokenExpiresAt: null,
  clientSecretExpiresAt: null,
  refreshFailures: 0,
};

it.each<[string, Partial<ForecastFacts>, Forecast | null]>([
  ["nothing known", {}, null],
  ["no refresh token", { renewable: false }, { at: inAnHour, reason: "NO_REFRESH_TOKEN" }],
  [
    "no refresh token and no lifetime",
    { renewable: false, accessTokenExpiresAt: null },
    { at: null, reason: "NO_REFRESH_TOKEN" },
  ],
  [
    "a secret that is not needed any more",
    { renewable: false, clientSecretExpiresAt: inAWeek },
    { at: inAnHour, reason: "NO_REFRESH_TOKEN" },
  ],
  [
    "a refresh token with a lifetime",
    { refreshTokenExpiresAt: inADay },
    { at: inADay, reason: "REFRESH_TOKEN_EXPIRES" },
  ],
  [
    "a client secret with a lifetime",
    { clientSecretExpiresAt: inAWeek },
    { at: inAWeek, reason: "CLIENT_SECRET_EXPIRES" },
  ],
  [
    "both, the refresh token's being the earlier",
    { refreshTokenExpiresAt: inADay, clientSecretExpiresAt: inAWeek },
    { at: inADay, reason: "REFRESH_TOKEN_EXPIRES" },
  ],
  [
    "both, the secret's being the earlier",
    { refreshTokenExpiresAt: inAWeek, clientSecretExpiresAt: inADay },
    { at: inADay, reason: "CLIENT_SECRET_EXPIRES" },
  ],
  ["two failures in a row", { refreshFailures: 2 }, null],
  ["three", { refreshFailures: 3 }, { at: inAnHour, reason: "REFRESH_FAILING" }],
  [
    "failures before anything else ends",
    { refreshFailures: 3, refreshTokenExpiresAt: inADay },
    { at: inAnHour, reason: "REFRESH_FAILING" },
  ],
  [
    "failures after the access token has run out, which nothing foretells any more",
    { refreshFailures: 3, accessTokenExpiresAt: anHourAgo },
    { at: null, reason: "REFRESH_FAILING" },
  ],
  [
    "the same before anything else ends, for it is so by now",
    { refreshFailures: 3, accessTokenExpiresAt: anHourAgo, refreshTokenExpiresAt: inADay },
    { at: null, reason: "REFRESH_FAILING" },
  ],
  [
    "a known time before an unknown one",
    { refreshFailures: 3, accessTokenExpiresAt: null, refreshTokenExpiresAt: inADay },
    { at: inADay, reason: "REFRESH_TOKEN_EXPIRES" },
  ],
  ["disconnected", { state: "DISCONNECTED", renewable: false }, null],
  ["dead already", { state: "REAUTH_REQUIRED", renewable: false }, null],
])("%s", (_name, facts, forecast) => {
  expect(forecastNeed({ ...healthy, ...facts }, now)).toEqual(forecast);
});
