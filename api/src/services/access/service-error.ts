/** What is the caller's mistake or lack of right; the API's edge answers it as it is. Everything else is masked there. */
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
  /** Goes into the GraphQL error's extensions. */
  readonly details: Record<string, unknown>;

  constructor(code: ServiceErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Messages by the input's field, `headers.0.name` for one inside a list. */
export type FieldErrors = Record<string, string[]>;

/** Collects what is wrong with an input, so that the caller learns everything at once. */
export class InputFaults {
  readonly #errors: FieldErrors = {};

  add(field: string, message: string): void {
    (this.#errors[field] ??= []).push(message);
  }

  /** @throws ServiceError BAD_USER_INPUT with `fieldErrors`, if there are any. */
  throwIfAny(): void {
    const messages = Object.values(this.#errors).flat();
    if (messages.length > 0)
      throw new ServiceError("BAD_USER_INPUT", messages.join(" "), { fieldErrors: this.#errors });
  }
}

export function notFound(what: string): ServiceError {
  return new ServiceError("NOT_FOUND", `There is no such ${what}, or you may not see it.`);
}
