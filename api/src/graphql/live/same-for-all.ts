/**
 * Which subscriptions may share the result of an event: those that select nothing but fields which are declared to be the same for
 * whoever may see the event. What is not declared is never shared.
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
 * Declares a field: what it resolves to depends on its object and on the database alone, not on the caller, the request or an argument.
 * A shared result is made without a caller, so that a field which asks for one all the same fails, and is then not shared.
 */
export const sameForAll = { extensions: { sameForAll: true } } as const;

function isDeclared(field: GraphQLField<unknown, unknown> | undefined): boolean {
  return field?.extensions["sameForAll"] === true;
}

/** An interface's field is resolved by each object type's own. */
function isDeclaredOn(schema: GraphQLSchema, parent: GraphQLCompositeType, name: string): boolean {
  if (name === "__typename") return true;
  const types = isAbstractType(parent) ? schema.getPossibleTypes(parent) : [parent];
  return types.every((type) => isObjectType(type) && isDeclared(type.getFields()[name]));
}

/** @param document valid for the schema */
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
      // It may hang on a variable, which each subscriber has of their own.
      Directive: refuse,
      Field(node) {
        const parent = types.getParentType();
        if (!parent || !isDeclaredOn(schema, parent, node.name.value)) return refuse();
        // The arguments of the subscription say who gets what; how an event looks they do not.
        const isRoot = parent === schema.getSubscriptionType();
        return node.arguments?.length && !isRoot ? refuse() : undefined;
      },
    }),
  );
  return isShareable;
}
