import { describe, expect, it } from "vitest";
import { compilePattern } from "./safe-regex.ts";

describe("a pattern that takes long to read", () => {
  it.each([
    ["many classes of characters", "\\p{L}".repeat(20_000)],
    ["more than the engine takes", "^a?".repeat(60_000)],
  ])("matches everything: %s", (_, source) => {
    expect(compilePattern(source, "u").test("!")).toBe(true);
  });

  it.each([
    ["names of classes", `^${"[\\p{L}\\p{N}]".repeat(10)}$`],
    ["many words", `^(?:${Array.from({ length: 500 }, (_, index) => `word-${index}`).join("|")})$`],
  ])("is none yet with %s", (_, source) => {
    expect(compilePattern(source, "u").test("!")).toBe(false);
  });
});
