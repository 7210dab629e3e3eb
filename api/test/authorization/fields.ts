import {
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
} from "graphql";

/** A field that takes something or returns an object. */
export interface SchemaField {
  /** `Type.field` */
  name: string;
  /**
   * Whether what it returns may follow from its parent alone: it stands in a page, is part of the answer to a mutation, or returns no
   * object with an id of its own.
   */
  mayFollowParent: boolean;
}

export function listFields(schema: GraphQLSchema): SchemaField[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const answers = answersOfMutations(schema);
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter(({ name }) => !name.startsWith("__"))
    .flatMap((parent) =>
      Object.values(parent.getFields()).flatMap((field) => {
        const isRoot = roots.includes(parent);
        const returned = getNamedType(field.type);
        if (!isRoot && field.args.length === 0 && !isCompositeType(returned)) return [];
        const isIdentified = isCompositeType(returned) && hasIdentity(returned);
        const mayFollowParent =
          !isRoot && (isPartOfPage(parent.name) || answers.has(parent) || !isIdentified);
        return [{ name: `${parent.name}.${field.name}`, mayFollowParent }];
      }),
    );
}

/** Entries of a page: the connection decides. */
export function isPartOfPage(typename: string): boolean {
  return /(?:Connection|Edge)$/.test(typename);
}

function hasIdentity(type: GraphQLCompositeType): boolean {
  return isUnionType(type) ? type.getTypes().some(hasIdentity) : "id" in type.getFields();
}

/** Types that stand nowhere but in the answer to a mutation. */
function answersOfMutations(schema: GraphQLSchema): Set<GraphQLObjectType> {
  const found = new Set<GraphQLObjectType>();
  for (const { type } of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const returned = getNamedType(type);
    const all = isAbstractType(returned) ? schema.getPossibleTypes(returned) : [returned];
    for (const one of all) if (isObjectType(one) && !("id" in one.getFields())) found.add(one);
  }
  return found;
}
