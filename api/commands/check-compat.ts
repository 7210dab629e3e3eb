/** `pnpm check:compat`: docs/compatibility.md matches the registry of behaviors, and every row has its tests. Runs no tests. */
import { existsSync, readFileSync } from "node:fs";
import { diagnosedBehaviors } from "../src/services/discovery/diagnosed-behavior.ts";
import { behaviors } from "../test/compatibility/behaviors.ts";
import { findTests, readVerdicts, REPORT, writeReport } from "./compatibility-report.ts";

const report = existsSync(REPORT) ? readFileSync(REPORT, "utf8") : "";
const verdicts = readVerdicts(report);
const tested = new Set([...findTests().values()].flat().map(({ id }) => id));
const ids = behaviors.map(({ id }) => id);

const faults = [
  ...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `${id} stands there twice.`),
  ...ids
    .filter((id) => verdicts.get(id) === "Works" && !tested.has(id))
    .map((id) => `${id} works, but has no test.`),
  ...ids
    .filter((id) => verdicts.get(id) === "Not yet" && tested.has(id))
    .map((id) => `${id} has tests, which did not run yet: pnpm compat ${id}`),
  ...ids.filter((id) => verdicts.get(id) === "Fails").map((id) => `${id} fails.`),
  ...diagnosedBehaviors
    .filter((id) => !ids.includes(id))
    .map((id) => `${id} is named by diagnoses, but has no row.`),
];
if (writeReport((id) => verdicts.get(id) ?? "Not yet") !== report)
  faults.push("docs/compatibility.md is out of date: pnpm compat");

for (const fault of faults) console.log(fault);
console.log(`${ids.length} behaviors, ${faults.length} faults.`);
process.exitCode = faults.length > 0 ? 1 : 0;
