import { expect, it } from "vitest";

import { toAppPath } from "./app-path.ts";

it.each([
  ["/s/1?tab=tools#top", "/s/1?tab=tools#top"],
  ["/", "/"],
  ["", "/"],
  ["s/1", "/"],
  ["https://evil.example/", "/"],
  ["//evil.example/", "/"],
  ["/\\evil.example/", "/"],
  ["/\t/evil.example/", "/"],
  ["/.//evil.example/", "/evil.example/"],
  ["javascript:alert(1)", "/"],
])("%j becomes %j", (path, expected) => {
  expect(toAppPath(path, "http://localhost:4000")).toBe(expected);
});
