/** Compiles the JSON Schemas of other people's tools: tolerant of what they say, bounded in what they cost. */
import type { JsonSchemaValidator, jsonSchemaValidator } from "@modelcontextprotocol/client";
import { Ajv } from "ajv";
import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { addFormats } from "./formats.ts";
import { isTooDeep, measureJson } from "./json-size.ts";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { compilePattern, resetPatternBudget } from "./safe-regex.ts";
import { estimateSchemaCost } from "./schema-cost.ts";
import type { SchemaCost } from "./schema-cost.ts";
import { runWithin } from "./run-with-timeout.ts";

export type Check =
  | { kind: "checked"; errors: ErrorObject[] }
  /** The schema cannot be used; `note` says why. Nothing was checked. */
  | { kind: "unchecked"; note: string };

type Unusable = Extract<Check, { kind: "unchecked" }>;

interface Usable {
  validate: ValidateFunction;
  cost: SchemaCost;
  /** A value of so many parts took too long, and such a one is not tried again. */
  hopelessNodes: number;
}

const MAX_SCHEMA_CHARACTERS = 200_000;
const MAX_COMPILED = 500;
/** A larger schema is compiled under a watchdog. */
const CHEAP_SCHEMA_CHARACTERS = 10_000;
const COMPILE_BUDGET_MS = 500;
/** Places of a schema times places of a value: up to here a check is short for sure. */
const CHEAP_CHECK = 100_000;
const CHECK_BUDGET_MS = 200;
/** Values are not counted any further. */
const MOST_NODES = 1_000_000;
/** A text is as much work as so many values: few where it is read character by character. */
const CHARACTERS_PER_NODE = { read: 1, passed: 32 };
/** More are not put into words, and would take long to sort out. */
const MAX_ERRORS = 1_000;

const regExp = Object.assign(compilePattern, { code: "compilePattern" });
const options: Options = {
  strict: false,
  allErrors: true,
  ownProperties: true,
  logger: false,
  // Without the meta schemas an instance is cheap, and a schema under an odd dialect still compiles.
  meta: false,
  validateSchema: false,
  // Optimising takes longer than compiling does, and the engine's own compiler is the better one.
  code: { regExp, optimize: false },
};

/** By the schema itself, which a catalogue in memory hands out again and again; and by its text, for one that was read anew. */
const byIdentity = new WeakMap<object, Usable | Unusable>();
const byText = new Map<string, Usable | Unusable>();

/**
 * Checks `value` against `schema` (2020-12, or draft-07 where that is what it is). Unknown keywords and formats are let pass,
 * references to other documents make the schema unusable, nothing is ever fetched. Neither may be changed afterwards.
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
    // A schema that refers to itself without end, or a value nested too deeply for it.
    if (error instanceof RangeError) return unusable("it refers to itself without end");
    throw error;
  }
}

function runCheck(validate: ValidateFunction, value: unknown): Check {
  resetPatternBudget();
  validate(value);
  const errors = validate.errors?.slice(0, MAX_ERRORS) ?? [];
  validate.errors = null;
  return { kind: "checked", errors };
}

function isCheap({ perPlace, isQuadratic }: SchemaCost, nodes: number): boolean {
  return perPlace * nodes * (isQuadratic ? nodes : 1) <= CHEAP_CHECK;
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
  byText.delete(text);
  byText.set(text, fresh);
  for (const oldest of byText.keys()) {
    if (byText.size <= MAX_COMPILED) break;
    byText.delete(oldest);
  }
  return fresh;
}

function compile(schema: JsonObject, text: string): Usable | Unusable {
  const { $schema, $async: _async, ...bare } = schema;
  const cost = estimateSchemaCost(bare);
  const isOlder = typeof $schema === "string" && /draft-0[3-7]/.test($schema);
  // A schema that names no dialect may still use the older form of `items` or `definitions`.
  const dialects = isOlder ? [Ajv] : [Ajv2020, Ajv];
  let reason = "";
  for (const Dialect of dialects) {
    const compileIn = () => {
      const ajv = new Dialect(options);
      addFormats(ajv);
      return ajv.compile(bare);
    };
    try {
      const isSmall = text.length <= CHEAP_SCHEMA_CHARACTERS;
      const done = isSmall ? { value: compileIn() } : runWithin(COMPILE_BUDGET_MS, compileIn);
      if (!done) return unusable("it takes too long to read");
      return { validate: done.value, cost, hopelessNodes: Infinity };
    } catch (error) {
      reason ||= error instanceof Error ? error.message : "it does not compile";
    }
  }
  return unusable(reason);
}

function tookTooLong(): Unusable {
  return unusable("checking against it takes too long");
}

function unusable(reason: string): Unusable {
  return { kind: "unchecked", note: `The tool's schema cannot be used: ${reason.slice(0, 200)}.` };
}
