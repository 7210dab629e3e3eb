/** Compiles the JSON Schemas of external tools, tolerantly and with limits on their cost. */
import type { JsonSchemaValidator, jsonSchemaValidator } from "@modelcontextprotocol/client";
import { Ajv } from "ajv";
import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { LRUCache } from "lru-cache";
import { isTooDeep, measureJson } from "./json-size.ts";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { compilePattern } from "./safe-regex.ts";
import { estimateSchemaCost } from "./schema-cost.ts";
import type { SchemaCost } from "./schema-cost.ts";
import { runWithin } from "./run-with-timeout.ts";

export type Check =
  | { kind: "checked"; errors: ErrorObject[] }
  /** The schema cannot be used; `note` explains why. Nothing was checked. */
  | { kind: "unchecked"; note: string };

type Unusable = Extract<Check, { kind: "unchecked" }>;

interface Usable {
  validate: ValidateFunction;
  cost: SchemaCost;
  /** A value with this number of nodes exceeded the time limit. Values of this size or larger are not checked again. */
  hopelessNodes: number;
}

const MAX_SCHEMA_CHARACTERS = 200_000;
const MAX_COMPILED = 500;
/** Larger schemas are compiled with a time limit. */
const CHEAP_SCHEMA_CHARACTERS = 10_000;
const COMPILE_BUDGET_MS = 500;
/** The number of schema nodes times value nodes up to which a check is certainly fast. */
const CHEAP_CHECK = 100_000;
const CHECK_BUDGET_MS = 200;
/** The maximum number of nodes that are counted in a value. */
const MOST_NODES = 1_000_000;
/** The number of characters that cost as much as one node. Lower if the text is examined character by character. */
const CHARACTERS_PER_NODE = { read: 1, passed: 32 };
/** More errors are not reported, because processing them would take too long. */
const MAX_ERRORS = 1_000;

const regExp = Object.assign(compilePattern, { code: "compilePattern" });
const options: Options = {
  strict: false,
  allErrors: true,
  ownProperties: true,
  logger: false,
  // Without the meta-schemas an instance is cheap, and a schema with an unknown dialect still compiles.
  meta: false,
  validateSchema: false,
  // Optimization takes longer than compilation, and the JavaScript engine optimizes better.
  code: { regExp, optimize: false },
};

/** Cached by object identity, for schemas from a catalog in memory, and by text, for schemas that were read again. */
const byIdentity = new WeakMap<object, Usable | Unusable>();
const byText = new LRUCache<string, Usable | Unusable>({ max: MAX_COMPILED });

/**
 * Validates `value` against `schema` (2020-12, or draft-07 if the schema declares it). Unknown keywords and formats are ignored. References
 * to other documents make the schema unusable, and nothing is ever fetched. Neither argument may be changed afterwards.
 */
export function checkAgainstSchema(schema: unknown, value: unknown): Check {
  const known = compileOnce(schema);
  if ("note" in known) return known;
  const charactersPerNode = CHARACTERS_PER_NODE[known.cost.readsText ? "read" : "passed"];
  const { nodes } = measureJson(value, { nodes: MOST_NODES }, charactersPerNode);
  try {
    if (isCheap(known.cost, nodes)) return runCheck(known.validate, value);
    if (nodes >= known.hopelessNodes) return tookTooLong();
    const check = runWithin(CHECK_BUDGET_MS, () => runCheck(known.validate, value));
    if (check) return check.value;
    known.hopelessNodes = nodes;
    return tookTooLong();
  } catch (error) {
    // The schema refers to itself endlessly, or the value is nested too deeply.
    if (error instanceof RangeError) return unusable("it contains an infinite reference");
    throw error;
  }
}

function runCheck(validate: ValidateFunction, value: unknown): Check {
  validate(value);
  const errors = validate.errors?.slice(0, MAX_ERRORS) ?? [];
  validate.errors = null;
  return { kind: "checked", errors };
}

function isCheap({ perPlace, isQuadratic }: SchemaCost, nodes: number): boolean {
  return perPlace * nodes * (isQuadratic ? nodes : 1) <= CHEAP_CHECK;
}

/** Used by the SDK to validate results against a tool's output schema. Unusable schemas accept every value. */
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

function compileOnce(schema: unknown): Usable | Unusable {
  if (!isObject(schema)) return unusable("it is not an object");
  const known = byIdentity.get(schema) ?? compileByText(schema);
  byIdentity.set(schema, known);
  return known;
}

function compileByText(schema: JsonObject): Usable | Unusable {
  if (isTooDeep(schema)) return unusable("it is nested too deeply");
  const text = JSON.stringify(schema);
  if (text.length > MAX_SCHEMA_CHARACTERS) return unusable("it is too large");
  const fresh = byText.get(text) ?? compile(schema, text);
  byText.set(text, fresh);
  return fresh;
}

function compile(schema: JsonObject, text: string): Usable | Unusable {
  const { $schema, $async: _async, ...bare } = schema;
  const cost = estimateSchemaCost(bare);
  const isOlder = typeof $schema === "string" && /draft-0[3-7]/.test($schema);
  // A schema without a declared dialect may still use the older form of `items` or `definitions`.
  const dialects = isOlder ? [Ajv] : [Ajv2020, Ajv];
  let reason = "";
  for (const Dialect of dialects) {
    const compileIn = () => {
      const ajv = new Dialect(options);
      addFormats.default(ajv);
      return ajv.compile(bare);
    };
    try {
      const isSmall = text.length <= CHEAP_SCHEMA_CHARACTERS;
      const done = isSmall ? { value: compileIn() } : runWithin(COMPILE_BUDGET_MS, compileIn);
      if (!done) return unusable("compiling it takes too long");
      return { validate: done.value, cost, hopelessNodes: Infinity };
    } catch (error) {
      reason ||= error instanceof Error ? error.message : "it does not compile";
    }
  }
  return unusable(reason);
}

function tookTooLong(): Unusable {
  return unusable("validating against it takes too long");
}

function unusable(reason: string): Unusable {
  return { kind: "unchecked", note: `The tool's schema cannot be used: ${reason.slice(0, 200)}.` };
}
