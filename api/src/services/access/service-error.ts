/** Errors that the caller caused. The API returns them unchanged and masks all other errors. */
export type ServiceErrorCode =
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "BAD_USER_INPUT"
  | "RATE_LIMITED"
  | "CURSOR_INVALID";

export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ServiceErrorCode;
  /** Added to the extensions of the GraphQL error. */
  readonly details: Record<string, unknown>;

  constructor(code: ServiceErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Messages by the name of the input field, such as `headers.0.name` for a field of a list item. */
export type FieldErrors = Record<string, string[]>;

/** Collects the faults of an input, so that the caller receives all of them at once. */
export class InputFaults {
  readonly #errors: FieldErrors = {};

  add(field: string, message: string): void {
    (this.#errors[field] ??= []).push(message);
  }

  /** @throws ServiceError BAD_USER_INPUT with `fieldErrors`, if there are any faults */
  throwIfAny(): void {
    const messages = Object.values(this.#errors).flat();
    if (messages.length > 0)
      throw new ServiceError("BAD_USER_INPUT", messages.join(" "), { fieldErrors: this.#errors });
  }
}

export function notFound(what: string): ServiceError {
  return new ServiceError(
    "NOT_FOUND",
    `The ${what} does not exist, or you do not have access to it.`,
  );
}
