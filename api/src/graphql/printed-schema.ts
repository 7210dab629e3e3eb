import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "./schema.ts";

let printed: string | undefined;

/** The schema in SDL with all descriptions, in alphabetical order. It is printed once. */
export function printGatehouseSchema(): string {
  return (printed ??= `${printSchema(lexicographicSortSchema(schema))}\n`);
}
