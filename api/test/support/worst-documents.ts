/** Documents that cost as much as the limits allow, generated from the schema. */
import {
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  isAbstractType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { createLimitRule, defaultLimits } from "#graphql/document-limits.ts";
import { schema } from "#graphql/schema.ts";

export interface KnownIds {
  workspaceId: string;
  slug: string;
  serverId: string;
}

const rules = [...specifiedRules, createLimitRule(defaultLimits)];

/** The rules under which a document would be refused. */
const isAccepted = (document: string) => validate(schema, parse(document), rules).length === 0;

/** Every way from the caller to a list, with every field of its entries, as often and as long as the limits allow. */
export function generateWorstDocuments(ids: KnownIds): string[] {
  const roots = [
    (inside: string) => `{ node(id: "${ids.workspaceId}") { ... on Workspace { ${inside} } } }`,
    (inside: string) => `{ viewer { workspaces(first: 100) { nodes { ${inside} } } } }`,
    (inside: string) => `{ workspace(slug: "${ids.slug}") { ${inside} } }`,
  ];
  const workspace = schema.getType("Workspace") as GraphQLObjectType;
  const server = schema.getType("McpServer") as GraphQLObjectType;
  const documents = listConnections(workspace).flatMap((field) =>
    roots.flatMap((wrap) => [1, 2, 3].map((depth) => fill(wrap, field, depth))),
  );
  const ofServers = listConnections(server).flatMap((field) =>
    [1, 2].map((depth) =>
      fill(
        (inside) => `{ node(id: "${ids.serverId}") { ... on McpServer { ${inside} } } }`,
        field,
        depth,
      ),
    ),
  );
  const introspection = Array.from({ length: 20 }, (_, index) => index + 1)
    .map((count) => {
      const selection = "{ types { name description fields { name description type { name } } } }";
      return `{ ${Array.from({ length: count }, (_, i) => `s${i}: __schema ${selection}`).join(" ")} }`;
    })
    .filter(isAccepted)
    .slice(-1);
  return [...documents, ...ofServers, ...introspection].filter((one) => one !== null);
}

const listConnections = (type: GraphQLObjectType) =>
  Object.values(type.getFields()).filter(({ args }) => args.some(({ name }) => name === "first"));

/** The largest document of its form that is accepted: first by its page, then by its aliases. */
function fill(
  wrap: (inside: string) => string,
  field: GraphQLField<unknown, unknown>,
  depth: number,
): string | null {
  const selection = selectAll(field, depth);
  if (selection === null) return null;
  const write = (first: number, count: number) =>
    wrap(
      Array.from(
        { length: count },
        (_, index) => `a${index}: ${field.name}(first: ${first}) { nodes ${selection} }`,
      ).join(" "),
    );
  const first = [100, 50, 20, 10, 5, 2, 1].find((page) => isAccepted(write(page, 1)));
  if (first === undefined) return null;
  const count = [90, 60, 40, 20, 10, 5, 2, 1].find((aliases) => isAccepted(write(first, aliases)));
  return write(first, count ?? 1);
}

/** Every field of a page's entries that takes no argument, nested as deeply as it is said. */
function selectAll(connection: GraphQLField<unknown, unknown>, depth: number): string | null {
  const type = getNamedType(connection.type);
  if (!isObjectType(type)) return null;
  const nodes = type.getFields()["nodes"];
  return nodes ? selectFields(getNamedType(nodes.type), depth) : null;
}

function selectFields(type: GraphQLNamedType, depth: number): string {
  if (isAbstractType(type)) {
    // Of one member: fields of one name may have different types in others.
    const [member] = schema.getPossibleTypes(type);
    return member ? `{ __typename ... on ${member.name} ${selectFields(member, depth)} }` : "";
  }
  if (!isObjectType(type)) return "";
  const fields = Object.values(type.getFields())
    .filter(({ args }) => !args.some(isRequiredArgument))
    .flatMap((field) => {
      if (isLeafType(getNamedType(field.type))) return [field.name];
      if (depth <= 1) return [];
      const page = field.args.some(({ name }) => name === "first");
      const inside = page
        ? `{ nodes ${selectAll(field, depth - 1)} }`
        : selectFields(getNamedType(field.type), depth - 1);
      return [`${field.name}${page ? "(first: 10)" : ""} ${inside}`];
    });
  return `{ __typename ${fields.join(" ")} }`;
}
