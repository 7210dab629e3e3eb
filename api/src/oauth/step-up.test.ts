import { describe, expect, it } from "vitest";
import { isExhausted } from "./step-up.ts";

describe("MCP-AUTH-14 isExhausted", () => {
  it.each([
    ["never asked for", [], ["a"], false],
    ["asked for once", ["a b"], ["a", "b"], false],
    ["asked for twice", ["a b", "a b"], ["a", "b"], true],
    [
      "asked for twice, in whatever order and however often",
      ["a b", "b a a"],
      ["b", "a", "b"],
      true,
    ],
    ["asked for twice among more", ["a b", "a c"], ["a"], true],
    ["asked for twice in part", ["a", "a"], ["a", "b"], false],
    ["a name that only begins alike", ["files:read", "files:read"], ["files"], false],
    ["nothing named, after consents that asked for something", ["a", "b"], [], false],
    ["nothing named, twice", ["", ""], [], true],
    ["something named, after consents for nothing in particular", ["", ""], ["a"], false],
  ])("%s", (_case, stepUps, challenged, exhausted) => {
    expect(isExhausted(stepUps, challenged)).toBe(exhausted);
  });
});
