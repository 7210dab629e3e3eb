/** Counts what every field adds to a response, against the budget of its operation. */
import {
  getNamedType,
  type GraphQLField,
  type GraphQLSchema,
  isIntrospectionType,
  isLeafType,
  isObjectType,
} from "graphql";
import type { Context } from "../context.ts";
import { isContactingServer } from "./outbound-fields.ts";
import { estimateJsonBytes } from "./json-bytes.ts";
import type { OperationBudget } from "./operation-budget.ts";

/** Quotes, colon and comma around a name and its value. */
const frameBytes = 4;
/** Room for the result of a mutation, in bytes: ids and secrets fit. Small, as thousands of calls of tools can run at once. */
const reservedForMutation = 4 * 1024;

/** Changes the resolvers of the schema in place. Call it once. */
export function meterSchema(schema: GraphQLSchema): GraphQLSchema {
  const mutations = schema.getMutationType();
  for (const type of Object.values(schema.getTypeMap())) {
    // graphql-js has one object of these for all schemas; document-limits.ts bounds what they cost.
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) meterField(field, type === mutations);
  }
  return schema;
}

function meterField(field: GraphQLField<unknown, Context>, isMutation: boolean): void {
  const { resolve } = field;
  if (!resolve) return;
  const contactsServer = isContactingServer(field);
  const hasOwnDeadline = isMutation || contactsServer;
  const isLeaf = isLeafType(getNamedType(field.type));
  const run: typeof resolve = (source, args, context, info) => {
    const budget: OperationBudget | undefined = context.budget;
    if (!budget) return resolve(source, args, context, info);
    budget.check();
    // Refused now rather than after it has run, when its result would be lost.
    if (isMutation) budget.reserve(reservedForMutation);
    const nameBytes = String(info.path.key).length + frameBytes;
    const count = (value: unknown) => {
      budget.addToResponse(nameBytes + measure(value, isLeaf));
      return value;
    };
    // A result that is shared by many subscribers has no caller: its context refuses to name one.
    const caller = contactsServer ? context.caller : null;
    const value = caller
      ? context.services.outbound.run(caller.userId, async () =>
          resolve(source, args, context, info),
        )
      : resolve(source, args, context, info);
    if (!(value instanceof Promise)) return count(value);
    return (hasOwnDeadline ? budget.pauseDuring(value) : value).then(count);
  };
  field.resolve = (source, args, context, info) => {
    try {
      return run(source, args, context, info);
    } catch (error) {
      // An error that is thrown makes the executor drop the other entries of a list. Those that fail later would have no handler, and
      // end the process.
      if (context.budget?.failure) return Promise.reject(error as Error);
      throw error;
    }
  };
}

/** Of an object the frame alone: its fields are counted when they are resolved. */
function measure(value: unknown, isLeaf: boolean): number {
  if (isLeaf) return estimateJsonBytes(value);
  return Array.isArray(value) ? 2 + 3 * value.length : 2;
}
