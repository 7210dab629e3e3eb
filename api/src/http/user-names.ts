import { APIError } from "better-auth/api";

const MAX_NAME_LENGTH = 100;

export function isValidName(name: unknown): boolean {
  return typeof name === "string" && name.trim() !== "" && name.length <= MAX_NAME_LENGTH;
}

export function refuseName(): APIError {
  return new APIError("BAD_REQUEST", {
    code: "INVALID_NAME",
    message: `A name must have 1 to ${MAX_NAME_LENGTH} characters.`,
  });
}
