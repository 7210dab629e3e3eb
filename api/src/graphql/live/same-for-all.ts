/**
 * Determines which subscriptions may share the result of an event: those that only select fields
 * which are declared to be the same for every caller who may see the event. Other fields are never
 * shared.
 */
import {
  BREAK,
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";

/**
 * Declares a field whose value depends only on its object and the database, not on the caller, the
 * request or an argument. A shared result is executed without a caller: a field that requests one
 * anyway fails, and the result is then not shared.
 */
export const sameForAll = { extensions: { sameForAll: true } } as const;

function isDeclared(field: GraphQLField<unknown, unknown> | undefined): boolean {
  return field?.extensions["sameForAll"] === true;
}

/** A field of an interface is resolved by each object type. */
function isDeclaredOn(schema: GraphQLSchema, parent: GraphQLCompositeType, name: string): boolean {
  if (name === "__typename") return true;
  const types = isAbstractType(parent) ? schema.getPossibleTypes(parent) : [parent];
  return types.every((type) => isObjectType(type) && isDeclared(type.getFields()[name]));
}

/** @param document a document that is valid for the schema */
export function isSameForAll(schema: GraphQLSchema, document: DocumentNode): boolean {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  let isShareable = operations.length === 1;
  const types = new TypeInfo(schema);
  const refuse = () => {
    isShareable = false;
    return BREAK;
  };
  visit(
    document,
    visitWithTypeInfo(types, {
      // A directive can depend on a variable, which differs between subscribers.
      Directive: refuse,
      Field(node) {
        const parent = types.getParentType();
        if (!parent || !isDeclaredOn(schema, parent, node.name.value)) return refuse();
        // The arguments of the subscription determine who receives an event, not its content.
        const isRoot = parent === schema.getSubscriptionType();
        return node.arguments?.length && !isRoot ? refuse() : undefined;
      },
    }),
  );
  return isShareable;
}
