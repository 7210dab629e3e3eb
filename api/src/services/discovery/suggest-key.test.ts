import { expect, it } from "vitest";
import { suggestHeader } from "./suggest-key.ts";

function suggest(wwwAuthenticate: string | null, text: string | null, host = "a.example") {
  const rejection = { kind: "unauthorized", status: 401, wwwAuthenticate, text } as const;
  return suggestHeader(`https://${host}/mcp`, rejection);
}

const bearer = { name: "Authorization", scheme: "Bearer" };

it.each([
  [null, null, null],
  ["Negotiate", null, null],
  ["Bearer", null, bearer],
  ['Bearer realm="mcp", error="invalid_token"', null, bearer],
  ['Basic realm="mcp"', null, { name: "Authorization", scheme: "Basic" }],
  ['ApiKey realm="mcp"', null, { name: "Authorization", scheme: "ApiKey" }],
  ['Basic realm="a", Bearer', null, bearer],
  ['ApiKey header="X-Acme-Key"', null, { name: "X-Acme-Key", scheme: null }],
  ['ApiKey name="api-key", in="header"', null, { name: "api-key", scheme: null }],
  ['ApiKey name="two words"', null, { name: "Authorization", scheme: "ApiKey" }],
  ['Bearer realm="Send your key in X-API-Key"', null, { name: "X-API-Key", scheme: null }],
  [null, '{"error":"Missing X-Goog-Api-Key header"}', { name: "X-Goog-Api-Key", scheme: null }],
  ["Bearer", "See x-request-id 12 for details", bearer],
])("I20 %s and %s suggest %j", (challenge, text, expected) => {
  expect(suggest(challenge, text)).toEqual(expected);
});

it("I20 takes time linear in what a server sends", () => {
  const text = `x-${"a-".repeat(1_000_000)}`;
  expect(suggest(text, text)).toBeNull();
});

it("I20 the documented header of a well-known server comes first", () => {
  expect(suggest("Basic", null, "mcp.mercadopago.com")).toEqual(bearer);
});
