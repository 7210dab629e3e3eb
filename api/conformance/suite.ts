/** The conformance suite's own command line: what scenarios there are, and one of them run against our driver. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** By version, the alias in `package.json`. */
const PACKAGES = { "0.1.16": "conformance-0.1", "0.2.0-alpha.12": "conformance-0.2" } as const;

export type SuiteVersion = keyof typeof PACKAGES;
export const SUITE_VERSIONS = Object.keys(PACKAGES) as SuiteVersion[];

/** One run of one scenario. */
export interface Scenario {
  version: SuiteVersion;
  /** As the suite calls it. */
  name: string;
  /** The revision whose wire is spoken; null: the suite knows only one for it. */
  wire: Wire | null;
}

type Wire = (typeof WIRES)[number];
/** Passing on one says nothing about the other, so a scenario of both is run twice. */
const WIRES = ["2025-11-25", "2026-07-28"] as const;

export interface ScenarioResult {
  scenario: Scenario;
  passed: boolean;
  /** All that was checked, what failed included, what was skipped left out. */
  checks: number;
  /** A sentence each: failed checks, warnings, a driver that gave up or was too slow. */
  faults: string[];
  /** What suite and driver printed. */
  output: string;
}

/** What `expected-failures.ts` and the tables call it. */
export function describeScenario({ version, name, wire }: Scenario): string {
  return [version, name, ...(wire ? [wire] : [])].join(" ");
}

export function isAboutAuthorization({ name }: Scenario): boolean {
  return name.startsWith("auth/");
}

export async function listScenarios(version: SuiteVersion): Promise<Scenario[]> {
  const { stdout } = await runCommand(version, ["list", "--client"], {});
  const lines = [...stdout.matchAll(/^ {2}- (?<name>\S+) \[(?<revisions>[^\]]*)\]$/gm)];
  if (lines.length === 0) throw new Error(`Suite ${version} lists no scenarios:\n${stdout}`);
  return lines.flatMap(({ groups }): Scenario[] => {
    const { name = "", revisions = "" } = groups ?? {};
    const wires = WIRES.filter((wire) => revisions.split(",").includes(wire));
    return version === "0.1.16" || wires.length === 0
      ? [{ version, name, wire: null }]
      : wires.map((wire) => ({ version, name, wire }));
  });
}

/** For the driver, and then for the suite around it, in milliseconds. */
const driverTimeoutMs = 30_000;
const suiteTimeoutMs = 60_000;

interface Check {
  name: string;
  description: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "INFO" | "SKIPPED";
  errorMessage?: string;
}

/** Singly: a run of several ignores the driver's exit code. */
export async function runScenario(
  scenario: Scenario,
  gatehouseUrl: string,
): Promise<ScenarioResult> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-conformance-"));
  try {
    // The suite gives the command to a shell.
    const driver = `"${process.execPath}" "${resolve(import.meta.dirname, "driver.ts")}"`;
    const { exitCode, stdout, stderr } = await runCommand(
      scenario.version,
      [
        "client",
        `--command=${driver}`,
        `--scenario=${scenario.name}`,
        `--timeout=${driverTimeoutMs}`,
        `--output-dir=${folder}`,
        ...(scenario.wire ? [`--spec-version=${scenario.wire}`] : []),
      ],
      { GATEHOUSE_URL: gatehouseUrl },
    );
    const checks = await readChecks(folder);
    const made = checks.filter(({ status }) => status !== "INFO" && status !== "SKIPPED");
    const faults = made
      .filter(({ status }) => status !== "SUCCESS")
      .map(({ name, description, errorMessage }) => `${name}: ${errorMessage ?? description}`);
    // To the suite that is a success.
    if (made.length === 0) faults.push("The suite checked nothing.");
    if (exitCode !== 0 && faults.length === 0) faults.push("The driver gave up or was too slow.");
    return {
      scenario,
      passed: exitCode === 0 && faults.length === 0,
      checks: made.length,
      faults,
      output: `${stdout}${stderr}${await readDriverOutput(folder)}`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readResult(folder: string, file: string): Promise<string | null> {
  // One folder per run, named after scenario and time; a scenario's name is itself a path.
  const files = await readdir(folder, { recursive: true });
  const found = files.find((path) => path.endsWith(file));
  return found === undefined ? null : await readFile(join(folder, found), "utf8");
}

async function readChecks(folder: string): Promise<Check[]> {
  return JSON.parse((await readResult(folder, "checks.json")) ?? "[]") as Check[];
}

async function readDriverOutput(folder: string): Promise<string> {
  const said = await readResult(folder, "stdout.txt");
  return said ? `\nThe driver:\n${said}` : "";
}

function runCommand(
  version: SuiteVersion,
  args: string[],
  env: Record<string, string>,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const command = resolve(
    import.meta.dirname,
    `../node_modules/${PACKAGES[version]}/dist/index.js`,
  );
  const options = { env: { ...process.env, ...env }, timeout: suiteTimeoutMs, maxBuffer: 2 ** 26 };
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) =>
      done({ exitCode: error ? 1 : 0, stdout, stderr }),
    );
  });
}
