/** Checks the size of a page in one place for every connection of the schema (regressions Q11). */
import { defaultFieldResolver, type GraphQLField, type GraphQLSchema, isObjectType } from "graphql";
import { InputFaults } from "#services/access/service-error.ts";
import type { Context } from "./context.ts";

const mostNodes = 100;

interface PageArguments {
  first?: number | null;
  last?: number | null;
}

/**
 * Refuses page sizes below 1 and above 100, and `first` together with `last`, with BAD_USER_INPUT. Changes the resolvers of the schema in
 * place. Call it once.
 */
export function checkPageArguments(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type))
      for (const field of Object.values(type.getFields())) if (isConnection(field)) check(field);
  return schema;
}

function isConnection({ args }: GraphQLField<unknown, Context>): boolean {
  return args.some(({ name }) => name === "first" || name === "last");
}

function check(field: GraphQLField<unknown, Context>): void {
  const { resolve = defaultFieldResolver } = field;
  field.resolve = (parent, args: PageArguments, context, info) => {
    const { first, last } = args;
    const faults = new InputFaults();
    for (const [name, size] of Object.entries({ first, last }))
      if (size != null && (size < 1 || size > mostNodes))
        faults.add(name, `Enter a number from 1 to ${mostNodes}.`);
    if (first != null && last != null) faults.add("last", "Specify first or last, not both.");
    faults.throwIfAny();
    return resolve(parent, args, context, info);
  };
}
