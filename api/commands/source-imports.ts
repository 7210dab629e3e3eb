/** Reads which files of a source folder import each other. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ROOT } from "./tool.ts";

const specifierPattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)["']([^"']+)["']/gm;

export interface SourceImport {
  /** As written in the file. */
  specifier: string;
  /** The absolute path of the imported file; null for a package and for a file outside the folder. */
  target: string | null;
}

export interface SourceFile {
  /** Absolute. */
  path: string;
  imports: SourceImport[];
}

/**
 * The TypeScript files of a folder, by path, with their imports of types and values, static and dynamic.
 * @param folder relative to the repository; `#` stands for it in specifiers
 */
export function readSourceFiles(folder: string): SourceFile[] {
  const paths = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: ROOT })
    .map((file) => join(ROOT, file))
    .toSorted();
  const known = new Set(paths);
  return paths.map((path) => ({
    path,
    imports: [...readFileSync(path, "utf8").matchAll(specifierPattern)].map(
      ([, specifier = ""]) => {
        const target = locate(folder, path, specifier);
        return { specifier, target: target !== null && known.has(target) ? target : null };
      },
    ),
  }));
}

/** The path that a specifier names; null for a package. */
function locate(folder: string, file: string, specifier: string): string | null {
  if (specifier.startsWith("#")) return join(ROOT, folder, specifier.slice(1));
  return specifier.startsWith(".") ? resolve(dirname(file), specifier) : null;
}
