import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findCheapLength } from "./regex-cost.ts";
import { runWithin } from "./run-with-timeout.ts";

const long = 10_000;
/** A single test of a pattern is too fast to be measured. */
const IN_A_ROW = 20;

describe("findCheapLength", () => {
  it.each([
    "^[a-z]+$",
    "^[A-Za-z0-9_-]{1,64}$",
    "^\\d{4}-\\d{2}-\\d{2}$",
    "^(GET|POST|PUT)$",
    "^#?[0-9a-fA-F]{6}$",
    "[\\w\\-]{1,5}",
    "^https://.*",
    "^\\p{L}[\\p{L}\\d]*$",
    "^(?:[0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$",
    "^a{2,}$",
    "a{",
    "^(?<year>\\d{4})$",
    "^[)|(*+]+$",
  ])("knows that %s is cheap on a text as arguments hold", (pattern) => {
    expect(findCheapLength(pattern)).toBeGreaterThanOrEqual(long);
  });

  it.each([
    "^(a+)+$",
    "(a*)*b",
    "^(a|aa)+$",
    "^(a|a)*$",
    "(.*)*x",
    "^(\\w+\\s?)*$",
    "(x+x+)+y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "^(a?){50}a{50}$",
    "(?=a+)a+b",
    "(?<!a*)b",
    "(a*)\\1b",
    "(?<name>a*)\\k<name>",
    "^((a{0,16}){0,16}){0,16}$",
  ])("trusts %s with nothing", (pattern) => {
    expect(findCheapLength(pattern)).toBe(0);
  });

  it.each([
    ["a*b", 300],
    [".*,.*,.*,x", 20],
    ["^.*a.*b$", 300],
    ["^a*|b*$", 300],
    ["(a?){10}", 100],
    ["[ab]{10000}c", 300],
  ])("trusts %s with short texts only", (pattern, most) => {
    expect(findCheapLength(pattern)).toBeGreaterThan(1);
    expect(findCheapLength(pattern)).toBeLessThan(most);
  });

  it("trusts nothing that takes long", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "\\w");
    const quantifier = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,3}", "{0,20}", "*?");
    const pattern = fc.letrec<{ part: string; all: string }>((tie) => ({
      part: fc.oneof(
        { maxDepth: 3 },
        fc.tuple(atom, quantifier).map(([one, many]) => one + many),
        fc.tuple(tie("all"), quantifier).map(([one, many]) => `(?:${one})${many}`),
      ),
      all: fc.oneof(
        fc.array(tie("part"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
        fc.tuple(tie("part"), tie("part")).map((both) => both.join("|")),
      ),
    })).all;
    const dear = new RegExp("^(?:a?){15}b", "u");
    const text = "a".repeat(16);
    const timeTests = (tested: RegExp, on: string) => {
      const startedAt = performance.now();
      for (let turn = 0; turn < IN_A_ROW; turn += 1) tested.test(on);
      return performance.now() - startedAt;
    };
    // The maximum number of attempts of a cheap pattern. Uses the slowest of several runs, because other programs also use the machine.
    const mostMs = Math.max(...[1, 2, 3].map(() => timeTests(dear, text)));
    fc.assert(
      fc.property(pattern, (source) => {
        const length = Math.min(findCheapLength(source), 5_000);
        const tested = new RegExp(`${source}c`, "u");
        for (const repeated of ["a", "ab", "aab", "b"]) {
          const long = `${repeated.repeat(length)}`.slice(0, Math.max(0, length - 1));
          const took = runWithin(100 * mostMs, () => timeTests(tested, `${long}!`));
          expect(took?.value ?? Infinity, source).toBeLessThan(20 * mostMs);
        }
      }),
      { numRuns: 500 },
    );
  });
});
