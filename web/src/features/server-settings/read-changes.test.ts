import { expect, it } from "vitest";
import { makeHeaderField } from "../../lib/header-fields.ts";
import { readChanges, type SettingsValues } from "./read-changes.ts";

const before: SettingsValues = {
  name: "Notes",
  url: "https://a.example/mcp",
  enabled: true,
  credentialScope: "PERSONAL",
  requestTimeoutSeconds: 60,
  headers: [makeHeaderField("X-Key", true)],
  oauthClientId: "client",
  oauthClientSecret: "",
  oauthGrantType: "AUTHORIZATION_CODE",
  oauthPrivateKey: "",
  oauthSigningAlgorithm: "",
  oauthIssuer: "",
  oauthAuthorizationServer: "",
  oauthScopes: "read write",
};

it("sends nothing that was not changed", () => {
  expect(readChanges(before, { ...before })).toEqual({});
});

it("clears with null, and turns seconds into milliseconds", () => {
  const after = { ...before, oauthClientId: " ", requestTimeoutSeconds: 2.5, enabled: false };
  expect(readChanges(before, after)).toEqual({
    oauthClientId: null,
    requestTimeoutMs: 2_500,
    enabled: false,
  });
});

it("sends a secret when one was typed, and null when the stored one is to go", () => {
  expect(
    readChanges(before, {
      ...before,
      oauthGrantType: "CLIENT_CREDENTIALS",
      oauthClientSecret: null,
      oauthPrivateKey: "-----BEGIN PRIVATE KEY-----",
      oauthSigningAlgorithm: " RS256 ",
    }),
  ).toEqual({
    oauthGrantType: "CLIENT_CREDENTIALS",
    oauthClientSecret: null,
    oauthPrivateKey: "-----BEGIN PRIVATE KEY-----",
    oauthSigningAlgorithm: "RS256",
  });
});

it("reads scopes as they are written in OAuth, and clears them when the field is emptied", () => {
  expect(readChanges(before, { ...before, oauthScopes: " read  mail:send " })).toEqual({
    oauthScopes: ["read", "mail:send"],
  });
  expect(readChanges(before, { ...before, oauthScopes: " " })).toEqual({ oauthScopes: null });
});

it("keeps a stored header value that was not typed anew", () => {
  const added = { ...makeHeaderField("X-More"), value: "v" };
  expect(readChanges(before, { ...before, headers: [...before.headers, added] })).toEqual({
    headers: [
      { name: "X-Key", value: null },
      { name: "X-More", value: "v" },
    ],
  });
  expect(readChanges(before, { ...before, headers: [] })).toEqual({ headers: [] });
});
