import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";

/** What is wrong with one place of the arguments. `path` is a JSON Pointer; "" is the whole. */
export type ArgumentFault = { path: string; message: string };

/** These only say that something below them is wrong. */
const containers = new Set([
  "properties",
  "patternProperties",
  "items",
  "prefixItems",
  "allOf",
  "$ref",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "propertyNames",
]);

/** @cfworker/json-schema writes no code, so it works under `script-src 'self'`; Ajv does not. */
export function createArgumentCheck(inputSchema: unknown): (value: unknown) => ArgumentFault[] {
  const schema = asSchema(inputSchema);
  const draft =
    typeof schema.$schema === "string" && /draft-07/.test(schema.$schema) ? "7" : "2020-12";
  let validator: Validator;
  try {
    validator = new Validator(schema, draft, false);
  } catch {
    // A schema that cannot be read (a reference to nowhere): the server has the last word anyway.
    return () => [];
  }
  return (value) => {
    try {
      return describeUnits(validator.validate(value).errors);
    } catch {
      return [];
    }
  };
}

function asSchema(inputSchema: unknown): Schema {
  return typeof inputSchema === "object" && inputSchema !== null ? (inputSchema as Schema) : {};
}

function describeUnits(units: OutputUnit[]): ArgumentFault[] {
  const faults = new Map<string, ArgumentFault>();
  for (const unit of units) {
    if (containers.has(unit.keyword)) continue;
    // What failed inside a union's branch is noise beside "fits none of the choices".
    if (/\/(anyOf|oneOf)\/\d+/.test(unit.keywordLocation)) continue;
    const fault = describeUnit(unit);
    faults.set(`${fault.path} ${fault.message}`, fault);
  }
  return [...faults.values()];
}

function describeUnit({ keyword, instanceLocation, error }: OutputUnit): ArgumentFault {
  const path = instanceLocation.replace(/^#/, "");
  const missing = keyword === "required" ? /required property "(.*)"/.exec(error)?.[1] : undefined;
  if (missing !== undefined) {
    return {
      path: `${path}/${missing.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      message: "Required.",
    };
  }
  if (keyword === "type") {
    const expected = /Expected "(.*)"/.exec(error)?.[1];
    return { path, message: expected ? `Must be of type ${expected.replaceAll('"', "")}.` : error };
  }
  if (keyword === "anyOf" || keyword === "oneOf")
    return { path, message: "Fits none of the allowed shapes." };
  if (keyword === "enum") return { path, message: "Choose one of the values." };
  if (keyword === "false") return { path, message: "Not allowed here." };
  return { path, message: error };
}
