import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of the first of these programs that `PATH` has; null when there is none of them. */
export function findProgram(...names: string[]): string | null {
  const { PATH = "" } = process.env;
  const paths = PATH.split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}
