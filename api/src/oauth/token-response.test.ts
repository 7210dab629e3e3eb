import { expect, it } from "vitest";
import { readTokenResponse } from "./token-response.ts";

const day = 86_400;

it.each<[Record<string, unknown>, number | null]>([
  [{}, null],
  [{ refresh_token_expires_in: 6 * day }, 6 * day * 1000],
  [{ refresh_token_expires_in: "21600" }, 21_600_000],
  [{ refresh_expires_in: 1800 }, 1_800_000],
  // Keycloak's offline tokens.
  [{ refresh_expires_in: 0 }, null],
  [{ refresh_token_expires_in: -1 }, null],
  [{ refresh_token_expires_in: "never" }, null],
  [{ refresh_token_expires_in: null, refresh_expires_in: 60 }, 60_000],
])("the refresh token lives as long as %j says: %j ms", async (fields, refreshExpiresInMs) => {
  const body = { access_token: "at", token_type: "Bearer", refresh_token: "rt", ...fields };
  expect(await readTokenResponse(Response.json(body), [])).toMatchObject({
    kind: "tokens",
    tokens: { refreshExpiresInMs },
  });
});
