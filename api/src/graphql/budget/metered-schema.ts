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
  field.resolve = (source, args, context, info) => {
    const budget: OperationBudget | undefined = context.budget;
    if (!budget) return resolve(source, args, context, info);
    const nameBytes = String(info.path.key).length + frameBytes;
    const count = (value: unknown) => {
      budget.addToResponse(nameBytes + measure(value, isLeaf));
      return value;
    };
    try {
      budget.check();
      // Refused now rather than after it has run, when its result would be lost.
      if (isMutation) budget.reserve(reservedForMutation);
      // A result that is shared by many subscribers has no caller: its context refuses to name one.
      const caller = contactsServer ? context.caller : null;
      const value = caller
        ? context.services.outbound.run(caller.userId, async () =>
            resolve(source, args, context, info),
          )
        : resolve(source, args, context, info);
      if (!isPromiseLike(value)) return count(value);
      const pending = Promise.resolve(value);
      return markHandled((hasOwnDeadline ? budget.pauseDuring(pending) : pending).then(count));
    } catch (error) {
      // Never at once: the executor forgets the promises of earlier entries of a list when a later one throws.
      return markHandled(rejectLater(error));
    }
  };
}

async function rejectLater(error: unknown): Promise<never> {
  throw error;
}

/** The executor may not look at a promise again once another field has failed; a rejection that nobody handles is not an error then. */
function markHandled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** Of an object the frame alone: its fields are counted when they are resolved. */
function measure(value: unknown, isLeaf: boolean): number {
  if (isLeaf) return estimateJsonBytes(value);
  return Array.isArray(value) ? 2 + 3 * value.length : 2;
}
