/** The names of tests, as they stand in the source: `it("...")`, `describe("...")`, and those of `it.each(...)("...")`. */

const literal = String.raw`(["'\`])((?:\\.|(?!\1)[^\\])*)\1`;
const direct = new RegExp(
  String.raw`\b(?:it|test|describe)(?:\.(?:concurrent|sequential|only|skip|fails))*\s*\(\s*${literal}`,
  "g",
);
/** After the parenthesis that closes the table: the name, then the test. */
const tabular = new RegExp(String.raw`\)\s*\(\s*${literal}\s*,`, "g");

/** @param source of a test file */
export function listTestNames(source: string): string[] {
  const usesTables = /\b(?:it|test|describe)\.(?:each|for|skipIf|runIf)\b/.test(source);
  return [direct, ...(usesTables ? [tabular] : [])].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((match) => match[2] ?? ""),
  );
}

/** Ids of `docs/regressions.md` in a text: R1, MCP-AUTH-10. */
export function listIds(text: string): string[] {
  return text.match(/\b(?:MCP-AUTH-\d{1,2}|[RCDSEGAIUQ]\d{1,2})\b/g) ?? [];
}
