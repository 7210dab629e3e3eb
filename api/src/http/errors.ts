/** Codes of `contract.graphql` that the HTTP layer uses itself. */
export type EdgeErrorCode =
  | "UNAUTHENTICATED"
  | "BAD_USER_INPUT"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "SERVICE_UNAVAILABLE"
  | "INTERNAL_SERVER_ERROR";

export interface EdgeError {
  status: number;
  code: EdgeErrorCode;
  message: string;
  requestId: string;
  headers?: Record<string, string>;
  /** With RATE_LIMITED only. Also sent as `Retry-After`, in seconds (RFC 9110 §10.2.3). */
  retryAfterMs?: number;
}

/** An error response in the format of GraphQL, so that GraphQL clients display its message. */
export function answerGraphQLError(error: EdgeError): Response {
  const { message, code, requestId, retryAfterMs } = error;
  const extensions = { code, requestId, retryAfterMs };
  return answerJson(error, { errors: [{ message, extensions }] });
}

/**
 * The error response of all other routes: `{ error: { code, message, requestId, retryAfterMs } }`.
 */
export function answerError(error: EdgeError): Response {
  const { message, code, requestId, retryAfterMs } = error;
  return answerJson(error, { error: { code, message, requestId, retryAfterMs } });
}

/** `Retry-After`, in whole seconds (RFC 9110 §10.2.3). */
export function retryAfterHeader(retryAfterMs: number): Record<string, string> {
  return { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) };
}

function answerJson({ status, headers, retryAfterMs }: EdgeError, body: object): Response {
  const wait = retryAfterMs === undefined ? {} : retryAfterHeader(retryAfterMs);
  // RFC 9110 §11.6.1, RFC 6750 §3.
  const challenge: Record<string, string> = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  return Response.json(body, { status, headers: { ...wait, ...challenge, ...headers } });
}
