/** Validates the arguments of a call before they are sent. */
import { describeErrors } from "./argument-issues.ts";
import type { ArgumentIssue } from "./argument-issues.ts";
import { checkAgainstSchema } from "./json-schema.ts";
import { isObject } from "./json.ts";

export type { ArgumentIssue } from "./argument-issues.ts";

/** Returns the validation errors according to the tool's input schema. Empty if the arguments are valid or the schema cannot be used. */
export function validateArguments(inputSchema: unknown, args: unknown): ArgumentIssue[] {
  return checkArguments(inputSchema, args).issues;
}

/** Like `validateArguments`. `note` explains why the arguments could not be checked, or is null. */
export function checkArguments(
  inputSchema: unknown,
  args: unknown,
): { issues: ArgumentIssue[]; note: string | null } {
  if (!isObject(args)) return { issues: [{ path: "", message: "must be an object" }], note: null };
  const check = checkAgainstSchema(inputSchema, args);
  if (check.kind === "unchecked") return { issues: [], note: check.note };
  return { issues: describeErrors(check.errors), note: null };
}
