import { GraphQLError } from "graphql";
import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from "graphql";

import type { HttpLogger } from "./logger.ts";

/**
 * What Yoga does to a result on its way out over HTTP, for the socket: takes its internal extensions off. Errors inside a result
 * have been masked by Yoga's plugins.
 */
export function exposeResult(
  result: ExecutionResult,
  requestId: string | undefined,
): FormattedExecutionResult {
  const { errors, ...rest } = result;
  if (!errors) return rest;
  return { ...rest, errors: errors.map((error) => exposeError(error, requestId)) };
}

/** One error as the client may see it. */
export function exposeError(
  error: GraphQLError,
  requestId: string | undefined,
): GraphQLFormattedError {
  const formatted = error.toJSON();
  const { http: _http, unexpected: _unexpected, ...extensions } = formatted.extensions ?? {};
  return { ...formatted, extensions: { ...(requestId && { requestId }), ...extensions } };
}

/** An error that says nothing about its cause, which is logged instead. An error that is meant for clients is left alone. */
export function maskFailure(
  error: unknown,
  requestId: string | undefined,
  logger: HttpLogger,
): GraphQLError {
  if (isMeantForClients(error)) return error;
  logger.error({ err: error, requestId }, "a GraphQL operation failed unexpectedly");
  return new GraphQLError("Something went wrong on our side.", {
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  });
}

/** GraphQL errors that do not wrap an unexpected one. */
function isMeantForClients(error: unknown): error is GraphQLError {
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError == null || isMeantForClients(error.originalError);
}
