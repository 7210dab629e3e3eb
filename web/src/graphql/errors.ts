import type { CombinedError } from "urql";

/** `{ "headers.0.name": ["..."] }`: a form field and what is wrong with it. */
export type FieldErrors = Record<string, string[]>;

function readExtension(error: CombinedError | undefined, name: string): unknown {
  return error?.graphQLErrors.find((each) => each.extensions[name] !== undefined)?.extensions[name];
}

/** The `extensions.code` of the first error that has one. */
export function readErrorCode(error: CombinedError | undefined): string | undefined {
  const code = readExtension(error, "code");
  return typeof code === "string" ? code : undefined;
}

/** The id under which the server logged the request, for a report. */
export function readRequestId(error: CombinedError | undefined): string | undefined {
  const id = readExtension(error, "requestId");
  return typeof id === "string" ? id : undefined;
}

/** What BAD_USER_INPUT says field by field; an empty object when it says nothing of the kind. */
export function readFieldErrors(error: CombinedError | undefined): FieldErrors {
  const fields = readExtension(error, "fieldErrors");
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return {};
  const result: FieldErrors = {};
  for (const [field, messages] of Object.entries(fields)) {
    if (!Array.isArray(messages)) continue;
    const texts = messages.filter((each) => typeof each === "string");
    if (texts.length > 0) result[field] = texts;
  }
  return result;
}

/**
 * Field errors in the shape a form takes: one sentence per field. What belongs to no field of the
 * form is returned apart, so that it is shown and not lost.
 */
export function sortFieldErrors(
  errors: FieldErrors,
  isField: (path: string) => boolean,
): { fields: Record<string, string>; others: string[] } {
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const [path, messages] of Object.entries(errors)) {
    if (isField(path)) fields[path] = messages.join(" ");
    else others.push(...messages);
  }
  return { fields, others };
}
