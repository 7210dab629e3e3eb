/** Imported first: what Node compiles is kept beside the dependencies, which spares a third of loading at every later start. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

export const COMPILE_CACHE = join(
  import.meta.dirname,
  "..",
  "..",
  "node_modules",
  ".cache",
  "compile",
);

enableCompileCache(COMPILE_CACHE);
