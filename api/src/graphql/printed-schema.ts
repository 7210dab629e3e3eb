import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "./schema.ts";

let printed: string | undefined;

/** The schema in SDL with all its descriptions, in alphabetical order; printed once. */
export function printGatehouseSchema(): string {
  return (printed ??= `${printSchema(lexicographicSortSchema(schema))}\n`);
}
