import { beforeEach, describe, expect, it } from "vitest";
import { compilePattern, resetPatternBudget } from "./safe-regex.ts";

beforeEach(resetPatternBudget);

describe("the time of one check", () => {
  it.each(["^(?:a?){15}b", "^(?:(?:a?){3}){5}b", "^(?:a{0,15}){0,3}b$", "a*b"])(
    "is spent by many tests of %s, each of which is cheap, and what is left over passes",
    (source) => {
      const pattern = compilePattern(source, "u");
      const texts = Array.from({ length: 200_000 }, () => "a".repeat(source === "a*b" ? 200 : 16));
      const untested = texts.findIndex((text) => pattern.test(text));
      expect(untested).toBeGreaterThan(0);
      // All texts after the time limit pass, and the next check has a new time limit.
      expect(texts.slice(untested).every((text) => pattern.test(text))).toBe(true);
      resetPatternBudget();
      expect(pattern.test(texts[0] ?? "")).toBe(false);
    },
  );

  it("is not spent by short texts and plain patterns, however many there are", () => {
    const pattern = compilePattern("^[a-z]+$", "u");
    for (let turn = 0; turn < 500_000; turn += 1) {
      if (pattern.test("abcdefghijklmno!")) expect.fail(`the ${turn}th passed`);
    }
  });
});

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
