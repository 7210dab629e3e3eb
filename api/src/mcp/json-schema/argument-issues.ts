/** Converts validation errors to messages for the user who filled in the form. */
import type { ErrorObject } from "ajv";

export interface ArgumentIssue {
  /** A JSON Pointer (RFC 6901) into the arguments; "" refers to the whole object. */
  path: string;
  message: string;
}

const MAX_ISSUES = 100;
const MAX_CHOICES = 10;
const GROUPS = new Set(["anyOf", "oneOf"]);

/** Returns one issue per error, at the location where the user can correct it. At most 100. */
export function describeErrors(errors: readonly ErrorObject[]): ArgumentIssue[] {
  const issues = new Map<string, ArgumentIssue>();
  for (const error of mergeAlternatives(errors)) {
    const issue = { path: pathOf(error), message: describe(error) };
    issues.set(`${issue.path}\n${issue.message}`, issue);
    if (issues.size === MAX_ISSUES) break;
  }
  return [...issues.values()];
}

/**
 * A value that matches none of several alternatives causes an error for each. They are merged into one, unless only one alternative can be
 * meant.
 */
function mergeAlternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept = errors.filter((error) => error.keyword !== "if");
  for (const group of errors) {
    if (!GROUPS.has(group.keyword)) continue;
    const inside = kept.filter((error) => error.schemaPath.startsWith(`${group.schemaPath}/`));
    if (inside.length === 0) continue;
    const meant = findMeantBranch(group, inside);
    const types = inside.flatMap((error) => (error.keyword === "type" ? typesOf(error) : []));
    const isAllTypes = inside.every((error) => isTypeOf(error, group));
    const merged = isAllTypes ? { ...group, keyword: "type", params: { type: types } } : group;
    kept = kept.filter((error) => error !== group && !inside.includes(error));
    kept.push(...(meant ?? [merged]));
  }
  return kept;
}

/** Returns the errors of the alternative that matches the type of the value, if there is exactly one. */
function findMeantBranch(group: ErrorObject, inside: ErrorObject[]): ErrorObject[] | null {
  const branches = Map.groupBy(inside, (error) => {
    return error.schemaPath.slice(group.schemaPath.length + 1).split("/")[0];
  });
  const meant = [...branches.values()].filter(
    (branch) => !branch.some((error) => isTypeOf(error, group)),
  );
  return meant.length === 1 ? (meant[0] ?? null) : null;
}

function isTypeOf(error: ErrorObject, group: ErrorObject): boolean {
  return error.keyword === "type" && error.instancePath === group.instancePath;
}

function pathOf(error: ErrorObject): string {
  const { params } = error;
  const property: unknown =
    params["missingProperty"] ?? params["additionalProperty"] ?? params["unevaluatedProperty"];
  if (typeof property !== "string") return error.instancePath;
  return `${error.instancePath}/${property.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function describe(error: ErrorObject): string {
  const { params } = error;
  const limit = Number(params["limit"]);
  switch (error.keyword) {
    case "required":
    case "dependentRequired":
    case "dependencies":
      return "is required";
    case "additionalProperties":
    case "unevaluatedProperties":
      return "is not an argument of this tool";
    case "type":
      return `must be ${typesOf(error).map(withArticle).join(" or ")}`;
    case "enum":
      return `must be one of ${listChoices(params["allowedValues"])}`;
    case "const":
      return `must be ${JSON.stringify(params["allowedValue"])}`;
    case "minLength":
      return limit === 1 ? "must not be empty" : `must have at least ${limit} characters`;
    case "maxLength":
      return `must have at most ${count(limit, "character")}`;
    case "minimum":
      return `must be ${limit} or more`;
    case "maximum":
      return `must be ${limit} or less`;
    case "exclusiveMinimum":
      return `must be more than ${limit}`;
    case "exclusiveMaximum":
      return `must be less than ${limit}`;
    case "multipleOf":
      return `must be a multiple of ${Number(params["multipleOf"])}`;
    case "pattern":
      return `must match the pattern ${String(params["pattern"])}`;
    case "format":
      return `must be a valid ${String(params["format"])}`;
    case "minItems":
      return `must have at least ${count(limit, "item")}`;
    case "maxItems":
      return `must have at most ${count(limit, "item")}`;
    case "uniqueItems":
      return "must not contain duplicate items";
    case "minProperties":
      return `must have at least ${count(limit, "entry", "entries")}`;
    case "maxProperties":
      return `must have at most ${count(limit, "entry", "entries")}`;
    case "anyOf":
      return "must match one of the allowed forms";
    case "oneOf":
      return "must match exactly one of the allowed forms";
    default:
      return error.message ?? "is not valid";
  }
}

function typesOf(error: ErrorObject): string[] {
  const type: unknown = error.params["type"];
  const types = Array.isArray(type) ? type.map(String) : String(type).split(",");
  return [...new Set(types)];
}

function withArticle(type: string): string {
  if (type === "null") return "null";
  if (type === "boolean") return "true or false";
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function listChoices(choices: unknown): string {
  if (!Array.isArray(choices)) return "the values that are allowed";
  const shown = choices.slice(0, MAX_CHOICES).map((choice) => JSON.stringify(choice));
  return shown.join(", ") + (choices.length > MAX_CHOICES ? ", …" : "");
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
