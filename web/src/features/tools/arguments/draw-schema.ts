import type { RJSFSchema, UiSchema } from "@rjsf/utils";

type JsonObject = Record<string, unknown>;

/** A schema that the form library can draw, and the hints that go with it. Values are checked against the original. */
export type DrawnSchema = { schema: RJSFSchema; uiSchema: UiSchema };

type Context = { root: JsonObject; refs: readonly string[]; depth: number; name: string };

/** Deeper than this nobody fills in a form: the rest is JSON text. */
const deepest = 6;

/** Formats that have an input of their own; others are drawn as text. */
const drawnFormats = new Set(["date", "email", "uri"]);
const longTextName =
  /^(content|body|text|message|description|prompt|markdown|code|html|notes?|comment)$/i;
const scalarTypes = new Set(["string", "number", "integer", "boolean"]);

/**
 * Rewrites a tool's JSON Schema (2020-12, any nesting) into the part of draft-07 that can be drawn:
 * references are put in their place, nullable unions become their other half, `prefixItems` becomes
 * `items`, unions of constants become an enumeration, and what cannot be drawn becomes a JSON field.
 */
export function drawSchema(inputSchema: unknown): DrawnSchema {
  const root = isObject(inputSchema) ? inputSchema : {};
  const drawn = draw(root, { root, refs: [], depth: 0, name: "" });
  // The arguments are an object: a root that cannot be drawn offers an empty form beside its JSON mode.
  if (drawn.schema.type !== "object")
    return { schema: { type: "object", properties: {} }, uiSchema: {} };
  return { ...drawn, schema: { ...drawn.schema, title: undefined, description: undefined } };
}

/** Whether the drawn form shows all of the arguments, or JSON is the better way to begin. */
export function isDrawable(inputSchema: unknown): boolean {
  if (!isObject(inputSchema)) return false;
  const { schema } = drawSchema(inputSchema);
  if (Object.keys(schema.properties ?? {}).length > 0) return true;
  const { additionalProperties: free, patternProperties } = inputSchema;
  return (free === undefined || free === false) && !isObject(patternProperties);
}

function draw(schema: unknown, context: Context): DrawnSchema {
  if (!isObject(schema) || context.depth > deepest) return asJson(schema);
  if (typeof schema["$ref"] === "string") return drawReference(schema, schema["$ref"], context);
  const whole = mergeAllOf(schema, context);
  if (!whole) return asJson(schema);
  const union = whole["anyOf"] ?? whole["oneOf"];
  if (Array.isArray(union) && !whole["properties"]) return drawUnion(whole, union, context);
  if ("const" in whole && !("enum" in whole)) {
    return { schema: { ...pickWords(whole), enum: [whole["const"]] } as RJSFSchema, uiSchema: {} };
  }
  if (Array.isArray(whole["enum"])) return drawEnum(whole, whole["enum"]);
  switch (readType(whole)) {
    case "object":
      return drawObject(whole, context);
    case "array":
      return drawArray(whole, context);
    case "string":
      return drawString(whole, context);
    case "number":
    case "integer":
    case "boolean":
      return { schema: { ...whole, type: readType(whole) } as RJSFSchema, uiSchema: {} };
    default:
      return asJson(whole);
  }
}

function drawReference(schema: JsonObject, ref: string, context: Context): DrawnSchema {
  const target = ref.startsWith("#") ? readPointer(context.root, ref.slice(1)) : undefined;
  if (!isObject(target) || context.refs.includes(ref)) return asJson(schema);
  const { $ref: _, ...beside } = schema;
  return draw({ ...target, ...beside }, { ...context, refs: [...context.refs, ref] });
}

function mergeAllOf(schema: JsonObject, context: Context): JsonObject | undefined {
  const { allOf, ...merged } = schema;
  if (!Array.isArray(allOf)) return schema;
  for (const part of allOf) {
    if (!isObject(part)) continue;
    const ref = part["$ref"];
    const resolved = typeof ref === "string" ? readPointer(context.root, ref.slice(1)) : part;
    if (!isObject(resolved) || "anyOf" in resolved || "oneOf" in resolved || "allOf" in resolved)
      return undefined;
    merged["properties"] = {
      ...asObject(merged["properties"]),
      ...asObject(resolved["properties"]),
    };
    merged["required"] = [...asArray(merged["required"]), ...asArray(resolved["required"])];
    for (const [key, value] of Object.entries(resolved)) merged[key] ??= value;
  }
  return merged;
}

function drawUnion(schema: JsonObject, union: unknown[], context: Context): DrawnSchema {
  const { anyOf: _a, oneOf: _o, ...beside } = schema;
  const others = union.filter((option) => !(isObject(option) && option["type"] === "null"));
  if (others.length === 1 && isObject(others[0])) return draw({ ...others[0], ...beside }, context);
  const constants = others.map((option) =>
    isObject(option) && "const" in option ? option : undefined,
  );
  if (constants.every((option) => option !== undefined)) {
    const titled = constants.some((option) => typeof option["title"] === "string");
    if (!titled)
      return drawEnum(
        beside,
        constants.map((option) => option["const"]),
      );
    const oneOf = constants.map((option) => ({
      const: option["const"],
      title: option["title"] ?? String(option["const"]),
    }));
    return {
      schema: { ...pickWords(beside), oneOf } as RJSFSchema,
      uiSchema: { "ui:widget": "select" },
    };
  }
  return asJson(schema);
}

function drawEnum(schema: JsonObject, values: unknown[]): DrawnSchema {
  const drawable = values.filter((value) => value !== null);
  if (drawable.some((value) => !scalarTypes.has(typeof value))) return asJson(schema);
  const type = readType(schema) ?? typeof drawable[0];
  return { schema: { ...pickWords(schema), type, enum: drawable } as RJSFSchema, uiSchema: {} };
}

function drawObject(schema: JsonObject, context: Context): DrawnSchema {
  const properties = asObject(schema["properties"]);
  const names = Object.keys(properties);
  if (names.length === 0 && context.depth > 0) return asJson(schema);
  const drawn: JsonObject = {};
  const uiSchema: UiSchema = {};
  for (const name of names) {
    if (properties[name] === false) continue;
    const property = draw(properties[name], { ...context, depth: context.depth + 1, name });
    drawn[name] = property.schema;
    uiSchema[name] = property.uiSchema;
  }
  return {
    schema: {
      ...pickWords(schema),
      type: "object",
      properties: drawn,
      required: asArray(schema["required"]),
    } as RJSFSchema,
    uiSchema,
  };
}

function drawArray(schema: JsonObject, context: Context): DrawnSchema {
  const inner = { ...context, depth: context.depth + 1, name: "" };
  const { minItems, maxItems, uniqueItems } = schema;
  const kept = { ...pickWords(schema), type: "array", minItems, maxItems, uniqueItems };
  const tuple =
    schema["prefixItems"] ?? (Array.isArray(schema["items"]) ? schema["items"] : undefined);
  if (Array.isArray(tuple)) {
    const items = tuple.map((item) => draw(item, inner));
    return {
      schema: {
        ...kept,
        items: items.map((item) => item.schema),
        additionalItems: false,
      } as RJSFSchema,
      uiSchema: { items: (_item: unknown, index: number) => items[index]?.uiSchema ?? {} },
    };
  }
  if (!isObject(schema["items"])) return asJson(schema);
  const item = draw(schema["items"], inner);
  const isChoice = Array.isArray(item.schema.enum) || Array.isArray(item.schema.oneOf);
  const choices = uniqueItems === true && isChoice;
  return {
    schema: { ...kept, items: item.schema } as RJSFSchema,
    uiSchema: choices ? { "ui:widget": "checkboxes" } : { items: item.uiSchema },
  };
}

function drawString(schema: JsonObject, { name }: Context): DrawnSchema {
  const { format, ...rest } = schema;
  const drawn = { ...rest, type: "string" } as RJSFSchema;
  if (typeof format === "string" && drawnFormats.has(format))
    return { schema: { ...drawn, format }, uiSchema: {} };
  const long =
    longTextName.test(name) ||
    (typeof schema["maxLength"] === "number" && schema["maxLength"] > 300);
  return { schema: drawn, uiSchema: long ? { "ui:widget": "textarea" } : {} };
}

function asJson(schema: unknown): DrawnSchema {
  const words = isObject(schema) ? pickWords(schema) : {};
  // The form library leaves out a field whose schema is empty; this keyword says nothing.
  return { schema: { readOnly: false, ...words } as RJSFSchema, uiSchema: { "ui:field": "json" } };
}

/** The one type that a form would ask for; undefined when there are several or none can be told. */
function readType(schema: JsonObject): string | undefined {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) {
    const others = type.filter((each) => each !== "null");
    return others.length === 1 && typeof others[0] === "string" ? others[0] : undefined;
  }
  if (isObject(schema["properties"])) return "object";
  return undefined;
}

function pickWords(schema: JsonObject): JsonObject {
  const words: JsonObject = {};
  for (const key of ["title", "description", "default", "examples"]) {
    if (schema[key] !== undefined) words[key] = schema[key];
  }
  return words;
}

function readPointer(root: unknown, pointer: string): unknown {
  let at = root;
  for (const part of pointer.split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isObject(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
