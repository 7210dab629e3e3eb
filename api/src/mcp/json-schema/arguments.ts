/** Checks a call's arguments before they are sent, and says in plain words what does not fit. */
import { describeErrors } from "./argument-issues.ts";
import type { ArgumentIssue } from "./argument-issues.ts";
import { checkAgainstSchema } from "./json-schema.ts";
import { isObject } from "./json.ts";

export type { ArgumentIssue } from "./argument-issues.ts";

/** What does not fit the tool's input schema; empty when all does, or when the schema cannot be used. */
export function validateArguments(inputSchema: unknown, args: unknown): ArgumentIssue[] {
  return checkArguments(inputSchema, args).issues;
}

/** As `validateArguments`; `note` says why nothing could be checked, else it is null. */
export function checkArguments(
  inputSchema: unknown,
  args: unknown,
): { issues: ArgumentIssue[]; note: string | null } {
  if (!isObject(args)) return { issues: [{ path: "", message: "must be an object" }], note: null };
  const check = checkAgainstSchema(inputSchema, args);
  if (check.kind === "unchecked") return { issues: [], note: check.note };
  return { issues: describeErrors(check.errors), note: null };
}
