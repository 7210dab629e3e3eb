/**
 * `pnpm conformance`: every client scenario of the MCP conformance suite, in both of its versions, against a Gatehouse that runs.
 *
 *     --only a,b,c   only scenarios whose description (`0.2.0-alpha.12 auth/metadata-var1 2026-07-28`) holds one of these
 *     --third        a representative third
 *     --verbose      with all that suite and driver said about what fails
 *
 * The last line is `N passed, N failed`, where a failure that is expected counts as passed. Exits 1 when one is not as expected.
 */
import { parseArgs } from "node:util";
import { prepare } from "../commands/prepare.ts";
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import { isAsExpected, printSurprises, printTables } from "./report.ts";
import {
  describeScenario,
  listScenarios,
  runScenario,
  type Scenario,
  type ScenarioResult,
  SUITE_VERSIONS,
} from "./suite.ts";

/** Scenarios wait for processes to start more than they compute. */
const width = 3;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    third: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

const startedAt = performance.now();
await prepare({ say: (line) => console.log(line), build: false });
// Not before: it needs the client that the preparation generates.
const { startGatehouse } = await import("./gatehouse.ts");
const all = (await Promise.all(SUITE_VERSIONS.map(listScenarios))).flat();
const chosen = choose(all);
const results = await runAll(chosen);
printTables(results);
printSurprises(results, options.verbose);
const unknown = Object.keys(EXPECTED_FAILURES).filter(
  (name) => !all.some((scenario) => describeScenario(scenario) === name),
);
for (const name of unknown) console.log(`\nA failure of ${name} is expected, which there is not.`);
const passed = results.filter(isAsExpected).length;
// One that did not run has not passed.
const failed = chosen.length - passed + unknown.length;
console.log(`\n${((performance.now() - startedAt) / 1_000).toFixed(0)} s in all.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function choose(scenarios: Scenario[]): Scenario[] {
  const parts = options.only?.split(",").map((part) => part.trim());
  const named = parts
    ? scenarios.filter((scenario) =>
        parts.some((part) => describeScenario(scenario).includes(part)),
      )
    : scenarios;
  // Scenarios of one kind stand side by side, so that every third is a bit of each. This third has all ways of registration in it,
  // a moved authorization server, and an issuer that is missing.
  return options.third ? named.filter((_, index) => index % 3 === 2) : named;
}

async function runAll(scenarios: Scenario[]): Promise<ScenarioResult[]> {
  await using gatehouse = await startGatehouse();
  const results: (ScenarioResult | undefined)[] = scenarios.map(() => undefined);
  const waiting = scenarios.entries();
  // What runs is waited for, so that the database is stopped and nothing of it stays behind.
  let isStopped = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => (isStopped = true));
  }
  const work = async () => {
    for (const [index, scenario] of waiting) {
      if (isStopped) return;
      results[index] = await runScenario(scenario, gatehouse.url);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  if (options.verbose) console.log(gatehouse.log.join("\n"));
  return results.filter((each) => each !== undefined);
}
