/** What a generated thing was made from, in a few characters. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./tool.ts";

const IGNORED = new Set(["node_modules", "generated", "dist"]);

/** Over names and contents of files and whole folders, relative to the repository. What does not exist counts too. */
export function hashInputs(paths: string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) addPath(hash, path);
  return hash.digest("hex");
}

function addPath(hash: ReturnType<typeof createHash>, path: string): void {
  const full = join(ROOT, path);
  if (!existsSync(full)) {
    hash.update(`${path}\0-\0`);
  } else if (statSync(full).isDirectory()) {
    for (const name of readdirSync(full).toSorted()) {
      if (!IGNORED.has(name)) addPath(hash, join(path, name));
    }
  } else {
    const content = createHash("sha256").update(readFileSync(full)).digest("hex");
    hash.update(`${path}\0${content}\0`);
  }
}
