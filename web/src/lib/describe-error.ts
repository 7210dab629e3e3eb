import type { CombinedError } from "urql";
import { readErrorCode } from "../graphql/errors.ts";

const codeWords: Record<string, string> = {
  UNAUTHENTICATED: "Your session has ended. Sign in again.",
  FORBIDDEN: "Your role in this workspace does not allow that.",
  NOT_FOUND: "That is no longer there.",
  RATE_LIMITED: "That was too often. Wait a moment, then try again.",
  QUERY_TOO_COMPLEX: "That was too much to ask at once.",
  DEADLINE_EXCEEDED: "The answer took too long. Try again, or ask for less at once.",
  RESPONSE_TOO_LARGE: "The answer is too large to show. Ask for less at once.",
  INTERNAL_SERVER_ERROR: "An internal error occurred.",
};

/** One sentence for a failed operation. What the API words for its caller (CONFLICT, BAD_USER_INPUT) is passed on. */
export function describeError(error: CombinedError): string {
  if (error.networkError)
    return "Gatehouse cannot be reached. Check the connection, then try again.";
  const code = readErrorCode(error);
  const known = code === undefined ? undefined : codeWords[code];
  return known ?? error.graphQLErrors[0]?.message ?? "Something went wrong.";
}
