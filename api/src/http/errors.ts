/** Codes of `contract.graphql` that the HTTP layer itself answers with. */
export type EdgeErrorCode =
  | "UNAUTHENTICATED"
  | "BAD_USER_INPUT"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "INTERNAL_SERVER_ERROR";

export interface EdgeError {
  status: number;
  code: EdgeErrorCode;
  message: string;
  requestId: string;
  headers?: Record<string, string>;
  /** RATE_LIMITED alone has it. */
  retryAfterMs?: number;
}

/** A refusal in the shape of a GraphQL answer, so that a GraphQL client shows its message. */
export function answerGraphQLError(error: EdgeError): Response {
  const { message, code, requestId, retryAfterMs } = error;
  const extensions = { code, requestId, retryAfterMs };
  return answerJson(error, { errors: [{ message, extensions }] });
}

/** A refusal for everything else: `{ error: { code, message, requestId } }`. */
export function answerError(error: EdgeError): Response {
  const { message, code, requestId } = error;
  return answerJson(error, { error: { code, message, requestId } });
}

function answerJson(error: EdgeError, body: object): Response {
  return Response.json(body, { status: error.status, headers: error.headers ?? {} });
}
