/** `pnpm check:ids`: every id of docs/regressions.md stands in a test's name, and every id in a test's name stands there. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listIds, listTestNames } from "./test-names.ts";
import { ROOT } from "./tool.ts";

const table = "docs/regressions.md";
const testFiles = "{api,prisma,web}/**/*.test.{ts,tsx}";
/** Ids that need no test yet. Every other id must have one. */
const pendingIds = new Set([2, 6, 8, 9, 10, 12, 14, 15, 16].map((number) => `Q${number}`));

const known = readFileSync(join(ROOT, table), "utf8")
  .split("\n")
  .flatMap((line) => /^\| ((?:MCP-AUTH-|[A-Z])\d+)\s*\|/.exec(line)?.[1] ?? []);
const tests = new Map<string, string>();
for (const file of globSync(testFiles, { cwd: ROOT, exclude: ["**/node_modules/**"] })) {
  const names = listTestNames(readFileSync(join(ROOT, file), "utf8"));
  for (const id of names.flatMap(listIds)) tests.set(id, file);
}

const isRequired = (id: string) => !pendingIds.has(id);
const untested = known.filter((id) => !tests.has(id));
const missing = untested.filter(isRequired);
const unknown = [...tests].filter(([id]) => !known.includes(id));
const tolerated = untested.filter((id) => !isRequired(id));

console.log(`${known.length - untested.length} of ${known.length} ids have a test.`);
if (tolerated.length > 0) console.log(`Not required yet, and without one: ${tolerated.join(", ")}`);
if (missing.length > 0) console.log(`Without a test of that name: ${missing.join(", ")}`);
for (const [id, file] of unknown) console.log(`${file}: ${id} is not in ${table}`);
process.exitCode = missing.length + unknown.length > 0 || known.length === 0 ? 1 : 0;
