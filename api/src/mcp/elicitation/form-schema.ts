/** Reads the form that a server requests from a user, limited to the primitive field types that the protocol allows. */
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { cleanLine, cleanText } from "./display-text.ts";
import { asksForSecret, namesSecret } from "./secret-detection.ts";

export type FormSchema =
  /** A JSON Schema (2020-12) of an object with primitive properties, containing only keywords that the protocol defines. */
  | { kind: "form"; schema: JsonObject }
  /** The form requests a secret, which must never be entered in a form. */
  | { kind: "secret" }
  /** `fault` describes the problem as a clause, without text from the server. */
  | { kind: "unfit"; fault: string };

const MOST_FIELDS = 50;
const MOST_CHOICES = 200;
const LONGEST_NAME = 100;
const LONGEST_TITLE = 200;
const LONGEST_DESCRIPTION = 2_000;
const LONGEST_VALUE = 10_000;
const FORMATS = new Set(["email", "uri", "date", "date-time"]);

class Unfit extends Error {}
class Secret extends Error {}

/**
 * Reads `requestedSchema` of an elicitation in form mode (MCP 2025-11-25 and 2026-07-28, elicitation): strings, numbers, booleans, and
 * single or multiple choices, each with a title, a description and a default. The legacy `enumNames` are converted to titled choices.
 */
export function readFormSchema(raw: unknown): FormSchema {
  try {
    return { kind: "form", schema: readForm(raw) };
  } catch (error) {
    if (error instanceof Secret) return { kind: "secret" };
    if (error instanceof Unfit) return { kind: "unfit", fault: error.message };
    throw error;
  }
}

/**
 * Returns `content` with the default values of omitted fields (SEP-1034). A field that is null was left empty intentionally and is removed.
 * Values that are not objects are returned unchanged.
 */
export function fillDefaults(schema: JsonObject, content: unknown): unknown {
  if (!isObject(content) || !isObject(schema["properties"])) return content;
  const defaults = Object.entries(schema["properties"]).flatMap(([name, field]) =>
    isObject(field) && "default" in field && !Object.hasOwn(content, name)
      ? [[name, field["default"]] as const]
      : [],
  );
  const given = Object.entries(content).filter(([, value]) => value !== null);
  return Object.fromEntries([...given, ...defaults]);
}

function readForm(raw: unknown): JsonObject {
  if (!isObject(raw) || raw["type"] !== "object" || !isObject(raw["properties"])) {
    throw new Unfit("its form is not an object with properties");
  }
  const fields = Object.entries(raw["properties"]);
  if (fields.length > MOST_FIELDS) throw new Unfit(`its form has more than ${MOST_FIELDS} fields`);
  const properties = Object.fromEntries(
    fields.map(([name, field]) => [checkName(name), readField(name, field)]),
  );
  const required = Array.isArray(raw["required"])
    ? raw["required"].filter((name): name is string => Object.hasOwn(properties, String(name)))
    : [];
  return { type: "object", properties, required, additionalProperties: false };
}

function checkName(name: string): string {
  if (name === "__proto__" || name.length > LONGEST_NAME || /\p{Cc}/u.test(name)) {
    throw new Unfit("a field of its form has an invalid name");
  }
  return name;
}

function readField(name: string, raw: unknown): JsonObject {
  if (!isObject(raw)) throw new Unfit("a field of its form has no schema");
  const words = readWords(raw);
  switch (raw["type"]) {
    case "string":
      if ("enum" in raw || "oneOf" in raw) return readChoice(raw, words);
      refuseSecret(name, raw, words);
      return { ...words, ...readString(raw) };
    case "number":
    case "integer":
      refuseSecret(name, raw, words);
      return { ...words, ...readNumber(raw, raw["type"]) };
    case "boolean":
      return { ...words, type: "boolean", ...readDefault(raw, isBoolean) };
    case "array":
      return { ...words, ...readChoices(raw) };
    default:
      throw new Unfit("a field of its form has a type that the protocol does not allow");
  }
}

function readWords(raw: JsonObject): JsonObject {
  const { title, description } = raw;
  return {
    ...(typeof title === "string" ? { title: cleanLine(title, LONGEST_TITLE) } : {}),
    ...(typeof description === "string"
      ? { description: cleanText(description, LONGEST_DESCRIPTION) }
      : {}),
  };
}

function refuseSecret(name: string, { format }: JsonObject, words: JsonObject): void {
  const { title = "", description = "" } = words;
  const isNamed = namesSecret(name) || namesSecret(String(title)) || format === "password";
  if (isNamed || asksForSecret(String(description))) throw new Secret();
}

function readString(raw: JsonObject): JsonObject {
  const { format, pattern } = raw;
  if (format !== undefined && !(isString(format) && FORMATS.has(format))) {
    throw new Unfit("a field of its form has a format that the protocol does not allow");
  }
  const maxLength = raw["maxLength"] === undefined ? LONGEST_VALUE : readBound(raw, "maxLength");
  return {
    type: "string",
    ...(raw["minLength"] === undefined ? {} : { minLength: readBound(raw, "minLength") }),
    maxLength: Math.min(maxLength, LONGEST_VALUE),
    ...(typeof pattern === "string" && pattern.length <= LONGEST_DESCRIPTION ? { pattern } : {}),
    ...(format === undefined ? {} : { format }),
    ...readDefault(raw, isString),
  };
}

function readNumber(raw: JsonObject, type: "number" | "integer"): JsonObject {
  const limits = ["minimum", "maximum"].filter((name) => raw[name] !== undefined);
  for (const name of limits) {
    if (!isNumber(raw[name])) throw new Unfit("a limit of a field of its form is not a number");
  }
  return {
    type,
    ...Object.fromEntries(limits.map((name) => [name, raw[name]])),
    ...readDefault(raw, type === "integer" ? Number.isSafeInteger : isNumber),
  };
}

function readChoice(raw: JsonObject, words: JsonObject): JsonObject {
  const values = "oneOf" in raw ? raw["oneOf"] : nameValues(raw["enum"], raw["enumNames"]);
  return {
    ...words,
    type: "string",
    ...readOptions(values, "oneOf"),
    ...readDefault(raw, isString),
  };
}

function readChoices(raw: JsonObject): JsonObject {
  const { items } = raw;
  if (!isObject(items)) throw new Unfit("a list in its form has no choices");
  const options = readOptions("anyOf" in items ? items["anyOf"] : items["enum"], "anyOf");
  return {
    type: "array",
    items: "anyOf" in options ? options : { type: "string", ...options },
    // Selecting the same choice twice has no meaning.
    uniqueItems: true,
    ...(raw["minItems"] === undefined ? {} : { minItems: readBound(raw, "minItems") }),
    ...(raw["maxItems"] === undefined ? {} : { maxItems: readBound(raw, "maxItems") }),
    ...readDefault(raw, (value) => Array.isArray(value) && value.every(isString)),
  };
}

/** In the legacy form the titles are listed separately from the values. */
function nameValues(values: unknown, names: unknown): unknown {
  if (!Array.isArray(values) || !Array.isArray(names)) return values;
  return values.map((value, index) => ({ const: value, title: names[index] ?? value }));
}

function readOptions(raw: unknown, titledKeyword: "oneOf" | "anyOf"): JsonObject {
  if (!Array.isArray(raw) || raw.length === 0 || raw.length > MOST_CHOICES) {
    throw new Unfit(`a list in its form has no choices, or more than ${MOST_CHOICES}`);
  }
  const options = raw.map((option) => {
    const value: unknown = isObject(option) ? option["const"] : option;
    if (!isString(value) || value.length > LONGEST_TITLE) {
      throw new Unfit("a choice in its form is not a short string");
    }
    const title = isObject(option) ? option["title"] : undefined;
    return { const: value, ...(isString(title) ? { title: cleanLine(title, LONGEST_TITLE) } : {}) };
  });
  const isTitled = options.some(({ title }) => title !== undefined);
  return isTitled
    ? { [titledKeyword]: options.map((option) => ({ title: option.const, ...option })) }
    : { enum: options.map((option) => option.const) };
}

function readBound(raw: JsonObject, name: string): number {
  const value = raw[name];
  if (!Number.isSafeInteger(value) || Number(value) < 0) {
    throw new Unfit("a limit of a field of its form is not a number");
  }
  return Number(value);
}

/** Ignores a default whose type does not match the field. */
function readDefault(raw: JsonObject, isFit: (value: unknown) => boolean): JsonObject {
  const value = raw["default"];
  const isShort = (JSON.stringify(value) ?? "").length <= LONGEST_VALUE;
  return value !== undefined && isFit(value) && isShort ? { default: value } : {};
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}
