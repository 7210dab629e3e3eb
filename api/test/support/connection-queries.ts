import {
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
} from "graphql";
import { createLimitRule, defaultLimits } from "#graphql/document-limits.ts";

/** A query of one page of a connection, with one object field of its nodes and all that is in it. */
export interface ConnectionQuery {
  /** `Workspace.events ToolExecutionFinished.execution`, for instance. */
  name: string;
  /** The type that has the connection. */
  parent: string;
  /** Takes `$id` of the parent and `$first`. */
  document: string;
}

const limitRule = createLimitRule(defaultLimits);
const deepest = 3;
/** Whether a page of a hundred nodes with this selection is within the limits of a document. */
type IsWithinLimits = (selection: string) => boolean;

type Field = GraphQLField<unknown, unknown>;

/** Connections over data of the code, which need no statements. */
export const inMemory: ReadonlySet<string> = new Set(["KnownServerConnection"]);

const isConnection = (type: GraphQLNamedType) => type.name.endsWith("Connection");
const canBeLeftOut = ({ args }: Field) =>
  args.every(({ type, defaultValue }) => !isNonNullType(type) || defaultValue !== undefined);

/** Fields that one node answers: its pages are connections of their own. */
function listFields(type: GraphQLNamedType): Field[] {
  if (!("getFields" in type)) return [];
  return (Object.values(type.getFields()) as Field[]).filter(
    (field) => canBeLeftOut(field) && !isConnection(getNamedType(field.type)),
  );
}

/** Every field of a type down to a depth; names differ where types do, so that fragments never conflict. */
function selectAll(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): string[] {
  if (isAbstractType(type))
    return [
      "__typename",
      ...schema.getPossibleTypes(type).map((member) => selectMember(schema, member, depth)),
    ];
  return listFields(type).flatMap((field) => selectField(schema, type, field, depth));
}

function selectMember(schema: GraphQLSchema, type: GraphQLObjectType, depth: number): string {
  return `... on ${type.name} { ${["__typename", ...selectAll(schema, type, depth)].join(" ")} }`;
}

function selectField(
  schema: GraphQLSchema,
  parent: GraphQLNamedType,
  field: Field,
  depth: number,
): string[] {
  const type = getNamedType(field.type);
  if (!isCompositeType(type)) return [field.name];
  if (depth === 0) return [];
  return [`${field.name} { ${["__typename", ...selectAll(schema, type, depth - 1)].join(" ")} }`];
}

/** As deep as the limits of a document let it be. */
function selectWithin(
  schema: GraphQLSchema,
  parent: GraphQLNamedType,
  field: Field,
  isWithinLimits: IsWithinLimits,
): string {
  for (let depth = deepest; depth > 0; depth -= 1) {
    const selection = selectField(schema, parent, field, depth).join(" ");
    if (isWithinLimits(`... on ${parent.name} { ${selection} }`)) return selection;
  }
  throw new Error(`${parent.name}.${field.name} has too many fields for one page.`);
}

function listNodeSelections(
  schema: GraphQLSchema,
  node: GraphQLNamedType,
  isWithinLimits: IsWithinLimits,
): { name: string; selection: string }[] {
  const members = isAbstractType(node) ? schema.getPossibleTypes(node) : [];
  const ofMember = (type: GraphQLNamedType) => {
    const [plain, composite] = [false, true].map((wanted) =>
      listFields(type).filter((field) => isCompositeType(getNamedType(field.type)) === wanted),
    );
    return [
      ...(plain?.length
        ? [{ name: type.name, selection: plain.map(({ name }) => name).join(" ") }]
        : []),
      ...(composite ?? []).map((field) => ({
        name: `${type.name}.${field.name}`,
        selection: selectWithin(schema, type, field, isWithinLimits),
      })),
    ];
  };
  return [
    ...ofMember(node),
    ...members.flatMap((member) =>
      ofMember(member)
        .filter(({ name }) => {
          const [, field] = name.split(".");
          const inherited = listFields(node).some((own) => own.name === field);
          return !inherited;
        })
        .map(({ name, selection }) => ({
          name,
          selection: `... on ${member.name} { ${selection} }`,
        })),
    ),
  ];
}

/** Queries that together select every field of the nodes of every connection in the schema. */
export function listConnectionQueries(schema: GraphQLSchema): ConnectionQuery[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((parent) =>
      Object.values(parent.getFields())
        .filter((field) => isConnection(getNamedType(field.type)) && canBeLeftOut(field))
        .filter((field) => !inMemory.has(getNamedType(field.type).name))
        .flatMap((field) => {
          const connection = getNamedType(field.type) as GraphQLObjectType;
          const nodes = connection.getFields()["nodes"];
          if (!nodes) throw new Error(`${connection.name} has no nodes.`);
          const root =
            parent.name === "Viewer" ? "viewer" : `node(id: $id) { ... on ${parent.name}`;
          const close = parent.name === "Viewer" ? "" : "}";
          const write = (selection: string) =>
            `query ($id: ID!, $first: Int!) { parent: node(id: $id) { __typename } root: ${root} { page: ${field.name}(first: $first) { nodes { __typename ${selection} } } } ${close} }`;
          const isWithinLimits: IsWithinLimits = (selection) =>
            validate(schema, parse(write(selection)), [limitRule]).length === 0;
          return listNodeSelections(schema, getNamedType(nodes.type), isWithinLimits).map(
            ({ name, selection }) => ({
              name: `${parent.name}.${field.name} ${name}`,
              parent: parent.name,
              document: write(selection),
            }),
          );
        }),
    );
}
