/** One small union for everything that can go wrong on the way to an MCP server. */

/**
 * Protocol trouble that has no JSON-RPC code: the tool asks the person something (`input-required`), a result that breaks the
 * protocol (`invalid-result`) or the tool's own output schema (`invalid-output`), an answer that is not MCP (`not-mcp`).
 */
export type ProtocolFault = "input-required" | "invalid-result" | "invalid-output" | "not-mcp";

export type Failure =
  /** The request was sent and no answer came in time; the tool may have run. */
  | { kind: "timed-out"; message: string }
  /** `sent`: it was given up after it had been sent; the server was told. */
  | { kind: "cancelled"; sent?: boolean }
  /** No credentials, or the server refuses them. `stop` is the value that `Credentials` gave; nothing was run. */
  | { kind: "refused"; stop: unknown }
  | {
      kind: "unreachable";
      /** Whether the request reached the server. */
      sent: boolean | "unknown";
      /** Nothing was run, and a later try may work. */
      retryable: boolean;
      /** The HTTP status, when the trouble is an HTTP answer. */
      httpStatus: number | null;
      message: string;
      /** The server had forgotten the legacy session and refused the request for that alone: a new session may send it once more (S6). */
      sessionLost?: true;
    }
  /** The server answered with an error, or with something that the protocol does not allow. `code` is JSON-RPC's or ours. */
  | { kind: "protocol-error"; code: number | ProtocolFault; message: string };

const LONGEST_MESSAGE = 500;

/** Text from a server, fit to be shown: one line, no control characters, at most 500 characters. */
export function shortenMessage(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 1)}…` : line;
}

/** An unreachable server before anything of the caller's was sent. */
export function notSent(message: string): Failure {
  return { kind: "unreachable", sent: false, retryable: true, httpStatus: null, message };
}

/** `failure` with credentials taken out of what the server said. */
export function redactFailure(failure: Failure, redact: (text: string) => string): Failure {
  return "message" in failure ? { ...failure, message: redact(failure.message) } : failure;
}
