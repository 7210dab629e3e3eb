/** Runs one suite and counts what passed. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Suite } from "./suites.ts";
import { runTool, type ToolRun } from "./tool.ts";

export interface SuiteResult {
  suite: Suite;
  passed: number;
  failed: number;
  seconds: number;
  isOverBudget: boolean;
  /** Each test that failed, with how its failure begins. */
  failures: string[];
  /** What the tool said; worth reading when something failed. */
  output: string;
}

/** A suite that takes longer than its budget gets a warning, as a busy machine is slow; it fails, and is ended, at this many times its budget. */
const PATIENCE = 3;

/** @param isFull the longer runs of `pnpm test:full`, for the tests that know them (GATEHOUSE_TEST_FULL) */
export async function runSuite(
  suite: Suite,
  isFull: boolean,
  browser: string | null,
): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-report-"));
  const report = join(folder, "report.json");
  const limit = suite.budgetSeconds * (isFull ? 10 : 1);
  const startedAt = performance.now();
  const run = await runTool(
    suite.kind === "vitest"
      ? [
          ...suite.command,
          "--silent=passed-only",
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${report}`,
        ]
      : suite.command,
    {
      cwd: suite.cwd,
      signal: AbortSignal.timeout(limit * PATIENCE * 1_000),
      env: {
        ...suite.env,
        ...(isFull ? { GATEHOUSE_TEST_FULL: "1" } : {}),
        ...(browser === null ? {} : { CHROMIUM: browser }),
      },
    },
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const isOverBudget = seconds > limit;
  const hasFailed = run.exitCode !== 0;
  const counted = count(suite.kind, report, run);
  rmSync(folder, { recursive: true, force: true });
  const { passed, failures = [] } = counted;
  let { failed } = counted;
  // A runner that fails without a failed test (nothing to run, an error outside of any test) has failed all the same.
  if (hasFailed && failed === 0) failed = 1;
  return { suite, passed, failed, seconds, isOverBudget, failures, output: run.output };
}

interface Count {
  passed: number;
  failed: number;
  failures?: string[];
}

function count(kind: Suite["kind"], report: string, run: ToolRun): Count {
  switch (kind) {
    case "vitest":
      return countTests(report);
    case "counted":
      return readCount(run.output);
    case "check":
      return { passed: run.exitCode === 0 ? 1 : 0, failed: 0 };
  }
}

function readCount(output: string): Count {
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  // None: it broke off before it could count.
  return line ? { passed: Number(line[1]), failed: Number(line[2]) } : { passed: 0, failed: 1 };
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

function countTests(reportFile: string): Count {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(reportFile, "utf8"));
  } catch {
    return { passed: 0, failed: 1 };
  }
  // A file that could not even be loaded has no tests to count.
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const failures = [
    ...unloaded.map(({ name, message }) => `${name}: ${begin(message)}`),
    ...report.testResults
      .flatMap((file) => file.assertionResults)
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => `${fullName}: ${begin(failureMessages[0] ?? "")}`),
  ];
  const failed = report.numFailedTests + unloaded.length;
  return { passed: report.numPassedTests, failed, failures };
}

/** Enough of a message to know the failure again; the output has it whole. */
function begin(message: string): string {
  return stripVTControlCharacters(message).slice(0, 400);
}
