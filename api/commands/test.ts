/**
 * `pnpm test`: every check and every test. The last line is `N passed, N failed`. With `--full`, the longer runs too; with `--checks`
 * (`pnpm check`), only what runs no test; with names, only the test files whose paths contain one of them.
 */
import { StartupError } from "#config/startup-error.ts";
import { findChromium, HOW_TO_GET_CHROMIUM } from "./chromium.ts";
import { findProgram } from "./find-program.ts";
import { prepare } from "./prepare.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";
import { STAGES, type Suite } from "./suites.ts";

const isFull = process.argv.includes("--full");
const onlyChecks = process.argv.includes("--checks");
const names = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const stages = STAGES.map(({ suites, width }) => ({ suites: select(suites), width }));
const browser = findChromium();
const results: SuiteResult[] = [];
const skipped: string[] = [];
const startedAt = performance.now();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

if (await isPrepared()) {
  for (const { suites, width } of stages) await runAll(suites, width);
}
process.exitCode = summarize();

function select(suites: Suite[]): Suite[] {
  if (onlyChecks) return suites.filter(({ kind }) => kind === "check");
  if (names.length === 0) return suites;
  return suites
    .filter(({ kind }) => kind === "vitest")
    .map((suite) => ({ ...suite, command: [...suite.command, ...names, "--passWithNoTests"] }));
}

async function isPrepared(): Promise<boolean> {
  try {
    await prepare({ say: (line) => console.log(line) });
    return true;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    console.error(error.message);
    return false;
  }
}

async function runAll(suites: Suite[], width: number): Promise<void> {
  const waiting = [...suites];
  const work = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      if (suite.needsBrowser && browser === null) {
        skipped.push(suite.name);
        continue;
      }
      const result = await runSuite(suite, isFull, browser);
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}

function print(result: SuiteResult): void {
  const { suite, passed, failed, seconds, isOverBudget, failures, output } = result;
  if (names.length > 0 && passed + failed === 0) return;
  const time = `${seconds.toFixed(1)} s of ${suite.budgetSeconds} s`;
  const count = suite.kind !== "check" ? `, ${passed} passed, ${failed} failed` : "";
  console.log(`${failed === 0 ? "ok    " : "FAILED"} ${suite.name} (${time}${count})`);
  if (isOverBudget) console.log(`       Warning: it took longer than its budget.`);
  if (failed === 0) return;
  // The names first: what shows a log in part shows its beginning.
  for (const failure of failures) console.log(indent(`- ${failure}`));
  console.log(indent(output));
  if (suite.hint) console.log(`       To mend it: ${suite.hint}`);
}

function indent(text: string): string {
  return text.trim().replaceAll(/^/gm, "       ");
}

function summarize(): number {
  const count = stages.reduce((sum, { suites }) => sum + suites.length, 0);
  const isComplete = results.length + skipped.length === count;
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, isComplete ? 0 : 1);
  const failures = results.filter((result) => result.failed > 0).map(({ suite }) => suite.name);
  console.log();
  if (skipped.length > 0) {
    console.log(
      `!! SKIPPED, for want of a Chromium: ${skipped.join(", ")}. ${HOW_TO_GET_CHROMIUM}`,
    );
  }
  const missing = ["python3", "bash", "curl"].filter((name) => findProgram(name) === null);
  if (missing.length > 0) {
    console.log(`!! SKIPPED, for want of ${missing.join(", ")}: programs of docs/integrate.md.`);
  }
  if (names.length > 0 && passed + failed === 0) {
    console.log(`The path of no test file contains ${names.join(" or ")}.`);
    return 1;
  }
  if (failures.length > 0) console.log(`Failed: ${failures.join(", ")}.`);
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s in all.`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
