/** `pnpm check:imports`: no import cycle, not even of types, and no relative import that leaves its module of `api/src`. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ROOT } from "./tool.ts";

const roots = ["api/src", "web/src"];
const specifier = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)["']([^"']+)["']/gm;

interface Module {
  file: string;
  imports: string[];
}

function readModules(root: string): Map<string, Module> {
  const files = globSync(`${root}/**/*.{ts,tsx}`, { cwd: ROOT }).map((file) => join(ROOT, file));
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const text = readFileSync(file, "utf8");
      const imports = [...text.matchAll(specifier)]
        .map(([, name = ""]) => locate(root, file, name))
        .flatMap((target) => (target && known.has(target) ? [target] : []));
      return [file, { file, imports }];
    }),
  );
}

/** The file that a specifier names; null for a package. */
function locate(root: string, file: string, name: string): string | null {
  if (name.startsWith("#")) return join(ROOT, root, name.slice(1));
  return name.startsWith(".") ? resolve(dirname(file), name) : null;
}

/** Groups of files that import each other, directly or not (Tarjan's algorithm). */
function findCycles(modules: ReadonlyMap<string, Module>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const place = order.size;
    order.set(file, place);
    lowest.set(file, place);
    stack.push(file);
    for (const target of modules.get(file)?.imports ?? []) {
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
  for (const file of modules.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

/** Relative imports from one module of `api/src` to another: lint rules go by `#module/`. */
function findEscapes(): string[] {
  const src = join(ROOT, "api/src");
  const moduleOf = (file: string) => relative(src, file).split("/").slice(0, -1)[0] ?? "";
  return globSync("api/src/**/*.ts", { cwd: ROOT }).flatMap((file) => {
    const path = join(ROOT, file);
    return [...readFileSync(path, "utf8").matchAll(specifier)]
      .map(([, name = ""]) => name)
      .filter((name) => {
        const target = resolve(dirname(path), name);
        const isInside = name.startsWith(".") && target.startsWith(`${src}/`);
        return isInside && moduleOf(target) !== moduleOf(path);
      })
      .map((name) => `${file} imports ${name}: write it with #`);
  });
}

const cycles = roots.flatMap((root) => findCycles(readModules(root)));
const escapes = findEscapes();
for (const cycle of cycles)
  console.log(`Import cycle: ${cycle.map((file) => relative(ROOT, file)).join(", ")}`);
for (const line of escapes) console.log(line);
console.log(`${cycles.length} import cycles, ${escapes.length} imports that leave their module.`);
process.exitCode = cycles.length + escapes.length > 0 ? 1 : 0;
