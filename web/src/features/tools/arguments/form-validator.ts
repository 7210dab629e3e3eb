import { Validator, type Schema } from "@cfworker/json-schema";
import {
  toErrorSchema,
  type ErrorSchema,
  type RJSFValidationError,
  type ValidatorType,
} from "@rjsf/utils";
import type { ArgumentFault } from "./check-arguments.ts";

/** "/to/0/email" -> ".to.0.email", the form library's way to name a field. */
function toProperty(path: string): string {
  return path
    .split("/")
    .slice(1)
    .map((part) => `.${part.replaceAll("~1", "/").replaceAll("~0", "~")}`)
    .join("");
}

function toFormError({ path, message }: ArgumentFault): RJSFValidationError {
  return { property: toProperty(path), message, stack: message };
}

/** Faults in the shape in which the form takes them. */
export function toFormErrors(faults: ArgumentFault[]): ErrorSchema {
  return toErrorSchema(faults.map(toFormError));
}

/** The form's validator. Whatever the form draws, values are held against the tool's own schema. */
export function createFormValidator(check: (value: unknown) => ArgumentFault[]): ValidatorType {
  return {
    validateFormData(formData) {
      const faults = check(formData ?? {});
      return { errors: faults.map(toFormError), errorSchema: toFormErrors(faults) };
    },
    isValid: (schema, formData) => new Validator(schema as Schema, "7").validate(formData).valid,
    rawValidation: () => ({ errors: [] }),
  };
}
