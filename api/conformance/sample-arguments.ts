/** Arguments that a person might enter, made from a tool's JSON Schema. */

type Schema = Record<string, unknown>;

const maxDepth = 8;

export function makeArguments(inputSchema: unknown): Record<string, unknown> {
  const root = isSchema(inputSchema) ? inputSchema : {};
  return makeObject(root, root, 0);
}

/** What is required, and what is offered to be filled in. */
function makeObject(schema: Schema, root: Schema, depth: number): Record<string, unknown> {
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const names = depth === 0 ? Object.keys(properties) : required.map(String);
  return Object.fromEntries(
    names.map((name) => [name, makeValue(properties[name], root, depth + 1)]),
  );
}

function makeValue(given: unknown, root: Schema, depth: number): unknown {
  const schema = resolveReference(given, root);
  if (depth > maxDepth) return null;
  if ("const" in schema) return schema["const"];
  if ("default" in schema) return schema["default"];
  const [choice] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  if (choice !== undefined) return choice;
  for (const keyword of ["oneOf", "anyOf", "allOf"]) {
    const [first] = Array.isArray(schema[keyword]) ? schema[keyword] : [];
    if (first !== undefined && schema["type"] === undefined) {
      return makeValue(first, root, depth + 1);
    }
  }
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "number":
    case "integer":
      return typeof schema["minimum"] === "number" ? schema["minimum"] : 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return typeof schema["minItems"] === "number" && schema["minItems"] > 0
        ? Array.from({ length: schema["minItems"] }, () =>
            makeValue(schema["items"], root, depth + 1),
          )
        : [];
    case "object":
      return makeObject(schema, root, depth);
    default:
      return "text".padEnd(typeof schema["minLength"] === "number" ? schema["minLength"] : 0, "t");
  }
}

/** References within the document; others are for nobody to follow. */
function resolveReference(given: unknown, root: Schema): Schema {
  const schema = isSchema(given) ? given : {};
  const reference = schema["$ref"];
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema;
  let found: unknown = root;
  for (const key of reference.slice(2).split("/")) found = isSchema(found) ? found[key] : undefined;
  return isSchema(found) ? found : {};
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
