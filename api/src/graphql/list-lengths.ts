/** Estimates how many entries a field can have, before anything is executed. */
import {
  type FieldNode,
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  GraphQLID,
  isCompositeType,
  isListType,
  Kind,
} from "graphql";

/** The length of a page without `first` and `last`. */
const defaultPage = 20;
/** The maximum length of a page. Also used for a list of ids whose length depends on a variable. */
const longestPage = 100;
/**
 * The length of a list of objects that is not a page, such as the steps of a flow or the blocks of
 * a result.
 */
const usualList = 10;

/** Returns 1 for fields that are not lists. */
export function estimateListLength(
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | null | undefined,
  parentTypeName: string | undefined,
): number {
  if (!field) return 1;
  if (parentTypeName?.startsWith("__")) return estimateIntrospectionLength(node);
  if (field.args.some(({ name }) => name === "first")) return readPageLength(node);
  if (!isListType(getNullableType(field.type)) || !isCompositeType(getNamedType(field.type)))
    return 1;
  const ids = field.args.find(isListOfIds);
  if (ids) return readIdCount(node, ids.name);
  // The length was already counted for the connection.
  const isPage = parentTypeName?.endsWith("Connection") && /^(edges|nodes)$/.test(field.name);
  return isPage ? 1 : usualList;
}

/** Averages of schemas of this size, rounded up. */
const introspectionLengths: Readonly<Record<string, number>> = {
  types: 300,
  fields: 10,
  inputFields: 8,
  enumValues: 8,
  possibleTypes: 8,
  args: 3,
  directives: 6,
  interfaces: 2,
};

export function estimateIntrospectionLength({ name }: FieldNode): number {
  return introspectionLengths[name.value] ?? 1;
}

function readPageLength(node: FieldNode): number {
  const lengths = (node.arguments ?? [])
    .filter(({ name }) => name.value === "first" || name.value === "last")
    .map(({ value }) =>
      value.kind === Kind.INT
        ? Math.min(Math.max(Number(value.value), 1), longestPage)
        : value.kind === Kind.NULL
          ? defaultPage
          : longestPage,
    );
  return lengths.length > 0 ? Math.max(...lengths) : defaultPage;
}

function isListOfIds({ type }: GraphQLArgument): boolean {
  return isListType(getNullableType(type)) && getNamedType(type) === GraphQLID;
}

function readIdCount(node: FieldNode, name: string): number {
  const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
  if (value?.kind === Kind.LIST) return Math.max(value.values.length, 1);
  return value?.kind === Kind.VARIABLE ? longestPage : 1;
}
