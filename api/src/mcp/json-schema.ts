/** Compiles the JSON Schemas of other people's tools: tolerant of what they say, bounded in what they cost. */
import type { JsonSchemaValidator, jsonSchemaValidator } from "@modelcontextprotocol/client";
import { Ajv } from "ajv";
import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isObject } from "./json.ts";
import { compilePattern, resetPatternBudget } from "./pattern.ts";

export type Check =
  | { kind: "checked"; errors: ErrorObject[] }
  /** The schema cannot be used; `note` says why. Nothing was checked. */
  | { kind: "unchecked"; note: string };

type Compiled = { validate: ValidateFunction } | { note: string };

const MAX_SCHEMA_CHARACTERS = 200_000;
const MAX_COMPILED = 500;

const regExp = Object.assign(compilePattern, { code: "compilePattern" });
const options: Options = {
  strict: false,
  allErrors: true,
  ownProperties: true,
  logger: false,
  // Without the meta schemas an instance is cheap, and a schema under an odd dialect still compiles.
  meta: false,
  validateSchema: false,
  addUsedSchema: false,
  code: { regExp },
};
const compiled = new Map<string, Compiled>();

/**
 * Checks `value` against `schema` (2020-12, or draft-07 where that is what it is). Unknown keywords and formats are let pass,
 * references to other documents make the schema unusable, nothing is ever fetched.
 */
export function checkAgainstSchema(schema: unknown, value: unknown): Check {
  const known = compileCached(schema);
  if ("note" in known) return { kind: "unchecked", note: known.note };
  resetPatternBudget();
  try {
    known.validate(value);
  } catch (error) {
    // A schema that refers to itself without end, or a value nested too deeply for it.
    if (error instanceof RangeError) return unusable("it refers to itself without end");
    throw error;
  }
  const errors = known.validate.errors ?? [];
  known.validate.errors = null;
  return { kind: "checked", errors };
}

/** For the SDK's check of results against a tool's output schema: an unusable schema lets everything pass. */
export const outputValidator: jsonSchemaValidator = {
  getValidator<T>(schema: unknown): JsonSchemaValidator<T> {
    return (input) => {
      const check = checkAgainstSchema(schema, input);
      const error = check.kind === "checked" ? check.errors[0] : undefined;
      if (!error) return { valid: true, data: input as T, errorMessage: undefined };
      const errorMessage = `${error.instancePath || "The result"} ${error.message ?? "is not valid"}`;
      return { valid: false, data: undefined, errorMessage };
    };
  },
};

function compileCached(schema: unknown): Compiled {
  const text = JSON.stringify(schema) ?? "";
  const known = compiled.get(text);
  if (known) {
    compiled.delete(text);
    compiled.set(text, known);
    return known;
  }
  const fresh = compile(schema, text);
  compiled.set(text, fresh);
  for (const oldest of compiled.keys()) {
    if (compiled.size <= MAX_COMPILED) break;
    compiled.delete(oldest);
  }
  return fresh;
}

function compile(schema: unknown, text: string): Compiled {
  if (!isObject(schema)) return unusable("it is not an object");
  if (text.length > MAX_SCHEMA_CHARACTERS) return unusable("it is too large");
  const { $schema, $async: _async, ...bare } = schema;
  const isOlder = typeof $schema === "string" && /draft-0[3-7]/.test($schema);
  // A schema that names no dialect may still use the older form of `items` or `definitions`.
  const dialects = isOlder ? [Ajv] : [Ajv2020, Ajv];
  let reason = "";
  for (const Dialect of dialects) {
    try {
      const ajv = new Dialect(options);
      addFormats.default(ajv);
      return { validate: ajv.compile(bare) };
    } catch (error) {
      reason ||= error instanceof Error ? error.message : "it does not compile";
    }
  }
  return unusable(reason);
}

function unusable(reason: string): { kind: "unchecked"; note: string } {
  return { kind: "unchecked", note: `The tool's schema cannot be used: ${reason.slice(0, 200)}.` };
}
