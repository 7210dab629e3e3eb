/** Counts what every field adds to a response against the budget of its operation. */
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
/**
 * The space that is reserved for the result of a mutation, in bytes: enough for ids and secrets.
 * Small, because thousands of tool calls can run at the same time.
 */
const reservedForMutation = 4 * 1024;

/** Changes the resolvers of the schema in place. Call it once. */
export function meterSchema(schema: GraphQLSchema): GraphQLSchema {
  const mutations = schema.getMutationType();
  for (const type of Object.values(schema.getTypeMap())) {
    // Introspection types are shared by all schemas of graphql-js; document-limits.ts limits their
    // cost.
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
      // Rejected before it runs, because afterwards its result would be lost.
      if (isMutation) budget.reserve(reservedForMutation);
      // The context of a result that is shared by many subscribers throws on access to the caller.
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
      // Rejects asynchronously: the executor drops the promises of earlier list entries if a later
      // one throws synchronously.
      return markHandled(rejectLater(error));
    }
  };
}

async function rejectLater(error: unknown): Promise<never> {
  throw error;
}

/**
 * The executor may ignore a promise after another field has failed. Its rejection must not be
 * reported as unhandled.
 */
function markHandled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

/**
 * For an object only the frame is counted, because its fields are counted when they are resolved.
 */
function measure(value: unknown, isLeaf: boolean): number {
  if (isLeaf) return estimateJsonBytes(value);
  return Array.isArray(value) ? 2 + 3 * value.length : 2;
}
