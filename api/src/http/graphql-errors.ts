import { GraphQLError } from "graphql";
import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from "graphql";

import type { HttpLogger } from "./logger.ts";

/**
 * Removes internal extensions from a result, as Yoga does for results over HTTP. Used for the
 * socket. Errors inside a result were already masked by Yoga's plugins.
 */
export function exposeResult(
  result: ExecutionResult,
  requestId: string | undefined,
): FormattedExecutionResult {
  const { errors, ...rest } = result;
  if (!errors) return rest;
  return { ...rest, errors: errors.map((error) => exposeError(error, requestId)) };
}

/** Converts one error into the form that clients may see. */
export function exposeError(
  error: GraphQLError,
  requestId: string | undefined,
): GraphQLFormattedError {
  const formatted = error.toJSON();
  const { http: _http, unexpected: _unexpected, ...extensions } = formatted.extensions ?? {};
  return { ...formatted, extensions: { ...(requestId && { requestId }), ...extensions } };
}

/**
 * Returns an error that does not reveal its cause, which is logged instead. An error that is meant
 * for clients is not changed.
 */
export function maskFailure(
  error: unknown,
  requestId: string | undefined,
  logger: HttpLogger,
): GraphQLError {
  if (isMeantForClients(error)) return error;
  logger.error({ err: error, requestId }, "a GraphQL operation failed unexpectedly");
  return new GraphQLError("An internal error occurred.", {
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  });
}

/** GraphQL errors that do not wrap an unexpected error. */
function isMeantForClients(error: unknown): error is GraphQLError {
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError == null || isMeantForClients(error.originalError);
}
