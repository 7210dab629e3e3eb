import { expect, it } from "vitest";
import { readInvitation, readReturnPath, signInPath, signUpPath } from "./return-path.ts";

const origin = "https://gatehouse.example";

it.each([
  [null, "/"],
  ["", "/"],
  ["/s/1?tab=settings#x", "/s/1?tab=settings#x"],
  ["/oauth/resume?held=h", "/oauth/resume?held=h"],
  ["//evil.example/", "/"],
  ["/\\evil.example/", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["/\t/evil.example", "/"],
])("after sign-in, %j leads to %j", (next, path) => {
  expect(readReturnPath(next, origin)).toBe(path);
});

it("comes back to where it left", () => {
  const path = "/add?url=https%3A%2F%2Fa.example";
  const next = new URL(signInPath(path), origin).searchParams.get("next");
  expect(readReturnPath(next, origin)).toBe(path);
  expect(signInPath("/")).toBe("/sign-in");
});

it("comes back to an invitation, and knows its token", () => {
  const path = "/invite/a-B_9";
  const next = new URL(signUpPath(path), origin).searchParams.get("next");
  expect(readReturnPath(next, origin)).toBe(path);
  expect(readInvitation(path)).toBe("a-B_9");
  for (const other of ["/", "/invite/", "/invite/a/b", "/s/invite/a", "/invite/a?b"])
    expect(readInvitation(other)).toBeNull();
});
