/** `pnpm check:imports`: no import cycle, not even of types, and no relative import that leaves its module of `api/src`. */
import { join, relative } from "node:path";
import { readSourceFiles, type SourceFile } from "./source-imports.ts";
import { ROOT } from "./tool.ts";

/** Groups of files that import each other, directly or not (Tarjan's algorithm). */
function findCycles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const place = order.size;
    order.set(file, place);
    lowest.set(file, place);
    stack.push(file);
    for (const { target } of imports.get(file) ?? []) {
      if (target === null) continue;
      const found = order.has(target)
        ? stack.includes(target)
          ? (order.get(target) ?? place)
          : place
        : visit(target);
      lowest.set(file, Math.min(lowest.get(file) ?? place, found));
    }
    if (lowest.get(file) === place) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1) cycles.push(group);
    }
    return lowest.get(file) ?? place;
  };
  for (const { path } of files) if (!order.has(path)) visit(path);
  return cycles;
}

/** Relative imports from one module of `api/src` to another: lint rules go by `#module/`. */
function findEscapes(files: readonly SourceFile[]): string[] {
  const moduleOf = (path: string) => relative(apiRoot, path).split("/").slice(0, -1)[0] ?? "";
  return files.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier, target }) => {
        const isRelative = specifier.startsWith(".") && target !== null;
        return isRelative && moduleOf(target) !== moduleOf(path);
      })
      .map(({ specifier }) => `${relative(ROOT, path)} imports ${specifier}: write it with #`),
  );
}

const apiRoot = join(ROOT, "api/src");
const apiFiles = readSourceFiles("api/src");
const cycles = [apiFiles, readSourceFiles("web/src")].flatMap(findCycles);
const escapes = findEscapes(apiFiles);
for (const cycle of cycles)
  console.log(`Import cycle: ${cycle.map((file) => relative(ROOT, file)).join(", ")}`);
for (const line of escapes) console.log(line);
console.log(`${cycles.length} import cycles, ${escapes.length} imports that leave their module.`);
process.exitCode = cycles.length + escapes.length > 0 ? 1 : 0;
