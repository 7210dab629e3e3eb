/** What the run says: a table per version of the suite, and what was not as expected. */
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import {
  describeScenario,
  isAboutAuthorization,
  type Scenario,
  type ScenarioResult,
  SUITE_VERSIONS,
} from "./suite.ts";

/** Whether a result is what the list of expected failures says. */
export function isAsExpected({ scenario, passed }: ScenarioResult): boolean {
  return passed !== describeScenario(scenario) in EXPECTED_FAILURES;
}

export function printTables(results: ScenarioResult[]): void {
  for (const version of SUITE_VERSIONS) {
    const ofVersion = results.filter(({ scenario }) => scenario.version === version);
    printTable(`${version}: authorization`, ofVersion, isAboutAuthorization);
    printTable(`${version}: everything else`, ofVersion, (each) => !isAboutAuthorization(each));
  }
}

function printTable(
  title: string,
  results: ScenarioResult[],
  belongs: (scenario: Scenario) => boolean,
): void {
  const rows = results.filter(({ scenario }) => belongs(scenario));
  if (rows.length === 0) return;
  const passed = rows.filter((row) => row.passed).length;
  console.log(`\n${title} (${passed} of ${rows.length} pass)`);
  for (const row of rows) {
    const { name, wire } = row.scenario;
    const failed = row.faults.length;
    const verdict = row.passed ? "passed" : isAsExpected(row) ? "failed, as expected" : "FAILED";
    const count = `${row.checks} checks${failed > 0 ? `, ${failed} failed` : ""}`;
    console.log(`  ${name.padEnd(44)} ${(wire ?? "").padEnd(10)}  ${verdict} (${count})`);
    for (const fault of row.faults) console.log(`      ${fault.split("\n")[0]}`);
  }
}

/** Prints what is not as expected, with all that was said, or without. */
export function printSurprises(results: ScenarioResult[], withOutput: boolean): void {
  for (const result of results.filter((each) => !isAsExpected(each))) {
    const name = describeScenario(result.scenario);
    console.log(
      result.passed
        ? `\n${name} passes, though a failure is expected: ${EXPECTED_FAILURES[name]}`
        : `\n${name} fails unexpectedly.`,
    );
    if (!result.passed && withOutput) console.log(indent(result.output));
  }
}

function indent(text: string): string {
  return text.trim().replaceAll(/^/gm, "    ");
}
