import { isObjectType, type GraphQLSchema } from "graphql";

/** A plugin of the code generator: lists the object types without an id, which the cache stores as a part of the object that has them. */
export function plugin(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const names = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !roots.includes(type) && !type.getFields()["id"])
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("__"));
  return `export const embeddedTypes = ${JSON.stringify(names)};\n`;
}
