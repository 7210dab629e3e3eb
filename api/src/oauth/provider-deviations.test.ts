import { describe, expect, it } from "vitest";
import { entra, github, google, slack } from "./known-providers.ts";
import {
  chooseSentResource,
  shapeAuthorizationRequest,
  standardizeTokenAnswer,
} from "./provider-deviations.ts";
import type { Deviations } from "./provider-profiles.ts";

function shape(query: string, deviations: Deviations): Record<string, string> {
  const url = new URL(`https://as.example/authorize?${query}`);
  shapeAuthorizationRequest(url, deviations);
  return Object.fromEntries(url.searchParams);
}

describe("shapeAuthorizationRequest", () => {
  const query = "state=s&scope=a+offline_access&prompt=consent";

  it("changes nothing without deviations", () => {
    expect(shape(query, {})).toEqual({ state: "s", scope: "a offline_access", prompt: "consent" });
  });

  it("Slack: scopes in user_scope, none where none is asked for", () => {
    expect(shape("scope=a+b", slack.deviations)).toEqual({ user_scope: "a b" });
    expect(shape("state=s", slack.deviations)).toEqual({ state: "s" });
  });

  it("Entra: no prompt", () => {
    expect(shape(query, entra.deviations)).toEqual({ state: "s", scope: "a offline_access" });
  });

  it("Google: access_type and one prompt", () => {
    const url = new URL(`https://as.example/authorize?${query}`);
    shapeAuthorizationRequest(url, google.deviations);
    expect(url.searchParams.get("access_type")).toBe("offline");
    expect(url.searchParams.getAll("prompt")).toEqual(["consent"]);
  });
});

describe("standardizeTokenAnswer", () => {
  const plain = { access_token: "t", token_type: "bearer", scope: "a,b" };

  it("changes nothing without deviations", () => {
    expect(standardizeTokenAnswer(plain, {})).toEqual(plain);
    const error = { error: "bad_refresh_token" };
    expect(standardizeTokenAnswer(error, {})).toEqual(error);
  });

  it("GitHub: scopes by commas, error codes of its own", () => {
    expect(standardizeTokenAnswer(plain, github.deviations)["scope"]).toBe("a b");
    const error = { error: "bad_refresh_token", error_description: "No." };
    expect(standardizeTokenAnswer(error, github.deviations)).toEqual({
      error: "invalid_grant",
      error_description: "No.",
    });
    for (const code of ["invalid_client", "ratelimited", "constructor", "__proto__"]) {
      expect(standardizeTokenAnswer({ error: code }, github.deviations)).toEqual({ error: code });
    }
  });

  it("Slack: the user's token before the bot's, at the top where it is not nested", () => {
    const user = { access_token: "xoxp", token_type: "user", scope: "a,b", refresh_token: "xoxe" };
    const nested = { ok: true, access_token: "xoxb", token_type: "bot", authed_user: user };
    const expected = { ...user, token_type: "Bearer", scope: "a b" };
    expect(standardizeTokenAnswer(nested, slack.deviations)).toEqual(expected);
    expect(standardizeTokenAnswer(user, slack.deviations)).toEqual(expected);
    // Nobody consented as a user: the bot's token is not taken for theirs.
    const bot = { access_token: "xoxb", token_type: "bot", authed_user: { id: "U1" } };
    expect(standardizeTokenAnswer(bot, slack.deviations)["token_type"]).toBe("bot");
  });
});

it("sends the resource to everybody but who refuses it", () => {
  expect(chooseSentResource("https://mcp.example", {})).toBe("https://mcp.example");
  expect(chooseSentResource("https://mcp.example", entra.deviations)).toBeNull();
});
