/** Prints the GraphQL schema into `api/schema.graphql`; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printGatehouseSchema } from "#graphql/printed-schema.ts";

const file = join(import.meta.dirname, "..", "schema.graphql");
const printed = printGatehouseSchema();

if (!process.argv.includes("--check")) {
  writeFileSync(file, printed);
} else if (readFileSync(file, "utf8") !== printed) {
  console.error("api/schema.graphql is out of date: node api/commands/print-schema.ts");
  process.exitCode = 1;
}
