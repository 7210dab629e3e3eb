/** The failures that can occur when Gatehouse communicates with an MCP server, as one discriminated union. */

/**
 * Protocol errors without a JSON-RPC code: the tool requires input from the user (`input-required`), the result violates the protocol
 * (`invalid-result`) or the tool's own output schema (`invalid-output`), or the response is not MCP (`not-mcp`).
 */
export type ProtocolFault = "input-required" | "invalid-result" | "invalid-output" | "not-mcp";

export type Failure =
  /** The request was sent and no response arrived in time. The tool may have run. */
  | { kind: "timed-out"; message: string }
  /** `sent`: whether the request had been sent before it was cancelled; the server was then notified. */
  | { kind: "cancelled"; sent?: boolean }
  /** No credentials are available, or the server rejected them. `stop` is the value returned by `Credentials`. Nothing was run. */
  | { kind: "refused"; stop: unknown }
  | {
      kind: "unreachable";
      /** Whether the request reached the server. */
      sent: boolean | "unknown";
      /** Whether nothing was run and a later attempt may succeed. */
      retryable: boolean;
      /** The HTTP status, if the failure is an HTTP response. */
      httpStatus: number | null;
      message: string;
      /**
       * Set if the server no longer knew the legacy session and rejected the request only for that reason. The request can be repeated once
       * in a new session (S6).
       */
      sessionLost?: true;
    }
  /** The server returned an error or violated the protocol. `code` is a JSON-RPC error code or one of `ProtocolFault`. */
  | {
      kind: "protocol-error";
      code: number | ProtocolFault;
      message: string;
      /** The HTTP status, if the error was the body of an HTTP error response. */
      httpStatus?: number;
    };

const LONGEST_MESSAGE = 500;

/** Makes text from a server displayable: one line, no control characters, at most 500 characters. */
export function shortenMessage(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 1)}…` : line;
}

/** A failure to reach the server before any part of the request was sent. */
export function notSent(message: string): Failure {
  return { kind: "unreachable", sent: false, retryable: true, httpStatus: null, message };
}

/** Returns `failure` with credentials removed from the server's message. */
export function redactFailure(failure: Failure, redact: (text: string) => string): Failure {
  return "message" in failure ? { ...failure, message: redact(failure.message) } : failure;
}
