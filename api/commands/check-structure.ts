/** `pnpm check:structure`: limits the length of source files, and every service is in the folder of its noun. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { readSourceFiles } from "./source-imports.ts";
import { ROOT } from "./tool.ts";

const SERVICES = "api/src/services";
const COMPOSITION_ROOT = "api/src/app.ts";
const MAX_LINES = 300;
const MAX_COMPOSITION_ROOT_LINES = 200;

/** Files without a limit: tests and the code that only they import, generated code, and the assets of GraphiQL. */
const unlimited = /\.test\.tsx?$|\/(testing|generated|graphiql-assets)\//;

function findUnsortedServices(): string[] {
  return readdirSync(join(ROOT, SERVICES), { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => `${SERVICES}/${name}: move it to the folder of its noun`);
}

function findLongFiles(): string[] {
  return ["api/src", "web/src"]
    .flatMap(readSourceFiles)
    .map(({ path }) => relative(ROOT, path))
    .filter((path) => !unlimited.test(path))
    .flatMap((path) => {
      const limit = path === COMPOSITION_ROOT ? MAX_COMPOSITION_ROOT_LINES : MAX_LINES;
      const lines = countLines(path);
      return lines > limit ? [`${path}: ${lines} lines, at most ${limit} are allowed`] : [];
    });
}

function countLines(path: string): number {
  return readFileSync(join(ROOT, path), "utf8").trimEnd().split("\n").length;
}

const violations = [...findUnsortedServices(), ...findLongFiles()];
for (const line of violations) console.log(line);
console.log(`Violations of the source structure: ${violations.length}.`);
process.exitCode = violations.length > 0 ? 1 : 0;
