/**
 * `pnpm compat [ID...]`: runs the tests of the known behaviors of other servers, and writes docs/compatibility.md. With IDs, the
 * verdicts of the other rows stay as they are.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { behaviors } from "../test/compatibility/behaviors.ts";
import {
  findTests,
  isTestOf,
  readVerdicts,
  REPORT,
  type Verdict,
  writeReport,
} from "./compatibility-report.ts";
import { runTool } from "./tool.ts";

const limitMs = 20 * 60_000;

const ids = process.argv.slice(2);
const chosen = behaviors.filter(({ id }) => ids.length === 0 || ids.includes(id));
const files = [...findTests()]
  .filter(([, tested]) => tested.some((behavior) => chosen.includes(behavior)))
  .map(([file]) => file);

interface TestResult {
  status: string;
  fullName: string;
}

/** The projects of `api/vitest.config.ts`, which prepare databases of their own and run one after the other. */
const projects = [
  { name: "unit", includes: (file: string) => file.startsWith("src/") },
  { name: "cluster", includes: (file: string) => file.startsWith("test/cluster/") },
  { name: "integration", includes: (file: string) => /^test\/(?!cluster\/)/.test(file) },
];

const pattern = chosen
  .map(({ id, tests }) => (tests === undefined ? String.raw`\b${id}\b` : `^${tests}`))
  .join("|");

async function runTests(project: string, selected: string[]): Promise<TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-compat-"));
  const output = join(folder, "results.json");
  const reporter = ["--reporter=json", `--outputFile.json=${output}`];
  const selection = ["--project", project, "--testNamePattern", pattern, ...selected];
  try {
    const run = await runTool(["vitest", "run", ...reporter, ...selection], {
      cwd: "api",
      signal: AbortSignal.timeout(limitMs),
    });
    if (!existsSync(output)) throw new Error(`The tests did not run:\n${run.output}`);
    const { testResults } = JSON.parse(readFileSync(output, "utf8")) as {
      testResults: { assertionResults: TestResult[] }[];
    };
    return testResults.flatMap(({ assertionResults }) => assertionResults);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`Running the tests of ${chosen.length} behaviors in ${files.length} files...`);
const results: TestResult[] = [];
for (const { name, includes } of projects) {
  const selected = files.filter(includes);
  if (selected.length > 0) results.push(...(await runTests(name, selected)));
}
const before = readVerdicts(existsSync(REPORT) ? readFileSync(REPORT, "utf8") : "");

function judge(id: string): Verdict {
  const behavior = chosen.find((one) => one.id === id);
  if (!behavior) return before.get(id) ?? "Not yet";
  const ran = results
    .filter(({ fullName }) => isTestOf(behavior, fullName))
    .filter(({ status }) => status === "passed" || status === "failed");
  for (const { status, fullName } of ran)
    if (status === "failed") console.log(`Failed: ${fullName}`);
  if (ran.length === 0) return "Not yet";
  return ran.every(({ status }) => status === "passed") ? "Works" : "Fails";
}

const verdicts = new Map(behaviors.map(({ id }) => [id, judge(id)]));
writeFileSync(
  REPORT,
  writeReport((id) => verdicts.get(id) ?? "Not yet"),
);
const isFailed = [...verdicts.values()].includes("Fails");
console.log(`${results.filter(({ status }) => status === "passed").length} tests passed.`);
process.exitCode = isFailed ? 1 : 0;
