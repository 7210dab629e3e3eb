/** The table of docs/compatibility.md, from the registry of behaviors and the results of their tests. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Behavior, behaviors } from "../test/compatibility/behaviors.ts";
import { listIds, listTestNames } from "./test-names.ts";
import { ROOT } from "./tool.ts";

export const REPORT = join(ROOT, "docs/compatibility.md");

const verdicts = ["Works", "Fails", "Not yet"] as const;
export type Verdict = (typeof verdicts)[number];

/** @param name the full name of a test, or of a group of tests */
export function isTestOf({ id, tests }: Behavior, name: string): boolean {
  return tests === undefined
    ? listIds(name).includes(id)
    : name === tests || name.startsWith(`${tests} `);
}

/** The test files of the API, relative to `api`, with the behaviors that they test. */
export function findTests(): Map<string, Behavior[]> {
  const cwd = join(ROOT, "api");
  const files = globSync("{src,test}/**/*.test.ts", { cwd }).toSorted();
  const found = files.map((file): [string, Behavior[]] => {
    const names = listTestNames(readFileSync(join(cwd, file), "utf8"));
    return [file, behaviors.filter((behavior) => names.some((name) => isTestOf(behavior, name)))];
  });
  return new Map(found.filter(([, tested]) => tested.length > 0));
}

/** The verdicts of a report, by ID. */
export function readVerdicts(report: string): Map<string, Verdict> {
  const rows = report.matchAll(/^\| <a id="[^"]+"><\/a>(\S+) .*\| ([^|]+?) +\|$/gm);
  const all = [...rows].map(([, id = "", text = ""]) => [id, text] as const);
  return new Map(
    all.flatMap(([id, text]) =>
      verdicts.filter((verdict) => verdict === text).map((verdict) => [id, verdict] as const),
    ),
  );
}

/** The link to a row, relative to the repository: `docs/compatibility.md#i16`. */
export function writeReport(verdictOf: (id: string) => Verdict): string {
  const header = ["id", "behavior", "other clients", "Gatehouse", "verdict"];
  const rows = behaviors.map(({ id, behavior, others, gatehouse }) => [
    `<a id="${id.toLowerCase()}"></a>${id}`,
    behavior,
    others ? `${others.summary} [Report](${others.report})` : "",
    gatehouse,
    verdictOf(id),
  ]);
  return `${introduction}\n${formatTable([header, ...rows])}\n`;
}

function formatTable([header = [], ...rows]: string[][]): string {
  const widths = header.map((_, column) =>
    Math.max(3, ...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

const introduction = `# Compatibility

How MCP servers and authorization servers behave in practice, and what Gatehouse does. \`pnpm compat\` runs the tests of each row
and writes this page from \`api/test/compatibility/behaviors.ts\`; a diagnosis names the row that it met. The reports about other
clients are examples, which may have been resolved since.

\`Works\`: all tests of the row pass. \`Fails\`: one of them fails. \`Not yet\`: there is none.
`;
