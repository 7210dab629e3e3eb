import { expect, it } from "vitest";
import { writeCurlSnippet } from "./curl-snippet.ts";
import { describeLife, lifetimes, readExpiry } from "./token-words.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

it.each([
  [{ revokedAt: null, expiresAt: null }, "Active"],
  [{ revokedAt: null, expiresAt: "2026-01-01T00:00:01Z" }, "Active"],
  [{ revokedAt: null, expiresAt: "2026-01-01T00:00:00Z" }, "Expired"],
  [{ revokedAt: "2025-12-01T00:00:00Z", expiresAt: "2025-12-31T00:00:00Z" }, "Revoked"],
])("says of %j that it is %s", (token, label) => {
  expect(describeLife(token, now).label).toBe(label);
  expect(describeLife(token, now).ended).toBe(label !== "Active");
});

it("reckons the expiry from the days chosen", () => {
  expect(lifetimes.map(({ value }) => readExpiry(value, now))).toEqual([
    "2026-01-31T00:00:00.000Z",
    "2026-04-01T00:00:00.000Z",
    "2027-01-01T00:00:00.000Z",
    null,
  ]);
});

it("writes a command without a quotation mark that the shell would end at", () => {
  const command = writeCurlSnippet("https://gatehouse.example", "gatehouse_abc");
  expect(command).toContain("'authorization: Bearer gatehouse_abc'");
  expect(command.match(/'/g)).toHaveLength(6);
});
