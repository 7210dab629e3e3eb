import { describe, expect, it } from "vitest";
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

describe("I9 a token response that breaks RFC 6749 loses no refresh token", () => {
  const body = { access_token: "at", refresh_token: "rotated", expires_in: 60 };
  const form = "access_token=at&refresh_token=rotated&expires_in=60&token_type=bearer";
  const tokens = { accessToken: "at", refreshToken: "rotated", expiresInMs: 60_000 };
  const asForm = { headers: { "content-type": "application/x-www-form-urlencoded" } };

  it.each<[string, Response, string | null]>([
    ["token_type is absent", Response.json(body), "no token_type"],
    ["token_type is null", Response.json({ ...body, token_type: null }), "no token_type"],
    ["token_type is a number", Response.json({ ...body, token_type: 1 }), "no token_type"],
    ["token_type is unknown", Response.json({ ...body, token_type: "user" }), "token_type user"],
    ["token_type has a blank", Response.json({ ...body, token_type: "Bearer " }), null],
    [
      "the token has a line end",
      Response.json({ ...body, access_token: "at\n", token_type: "bearer" }),
      null,
    ],
    ["it is a form", new Response(form, asForm), "form-encoded instead of JSON"],
    [
      "it is a form that claims to be HTML",
      new Response(`${form}\n`),
      "form-encoded instead of JSON",
    ],
  ])("%s", async (_, response, remark) => {
    const answer = await readTokenResponse(response, []);
    expect(answer).toMatchObject({ kind: "tokens", tokens });
    const expected = remark === null ? null : expect.stringContaining(remark);
    expect(answer).toHaveProperty("remark", expected);
  });

  it("scopes in an array are kept", async () => {
    const response = Response.json({ ...body, token_type: "bearer", scope: ["read", 7, "write"] });
    expect(await readTokenResponse(response, [])).toHaveProperty("tokens.scopes", [
      "read",
      "write",
    ]);
  });

  it.each(["DPoP", "mac"])(
    "a token of the type %s cannot be sent as a bearer token",
    async (type) => {
      const response = Response.json({ ...body, token_type: type });
      expect(await readTokenResponse(response, [])).toMatchObject({ kind: "unusable" });
    },
  );

  it("an error in a form is an error", async () => {
    const response = new Response("error=bad_refresh_token&error_description=expired", asForm);
    expect(await readTokenResponse(response, [])).toMatchObject({
      kind: "error",
      code: "bad_refresh_token",
    });
  });
});
