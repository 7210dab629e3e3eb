/** Classifies errors of the MCP connection, using only types and codes (S9). */
import {
  InsufficientScopeError,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/client";
import { CredentialsError, CredentialsFault } from "./credentials.ts";
import { notSent, shortenMessage } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { readErrorBody, SessionLostError } from "./session-lost.ts";

export type { Failure, ProtocolFault } from "../failure.ts";

/** Marks the error that the transport delivers if a response stream ends without a response. Compared by identity. */
export const STREAM_ENDED: unique symbol = Symbol("stream ended without an answer");
/** Marks the error that the transport delivers if the response to another request arrived instead. Compared by identity. */
export const FOREIGN_ANSWER: unique symbol = Symbol("answer to another request");
/** Marks the error that the transport delivers if the server no longer knows the session. Compared by identity. */
export const SESSION_LOST: unique symbol = Symbol("session lost");

const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const ASKS = "The tool requires input from the user, which is not possible in this call.";

/**
 * Classifies an error thrown by the SDK, by `fetch` or by the transport. `phase` is `connect` until the first part of the caller's request
 * is sent, then `call`. Returns null for any other error, which is an internal error and is rethrown by the caller.
 */
export function classifyFailure(error: unknown, phase: "connect" | "call"): Failure | null {
  const chain = causesOf(error);
  for (const cause of chain) {
    const failure = classifyOne(cause, phase);
    if (failure) return failure;
  }
  const innermost = chain.at(-1);
  // `fetch` wraps network and TLS errors in a TypeError with a cause. A TypeError without a cause is a programming error.
  if (chain.some((cause) => cause instanceof TypeError && cause.cause instanceof Error)) {
    return lost(phase, "The connection to the server failed.");
  }
  // During the connect phase the SDK also throws errors without a specific type.
  if (phase === "connect" && innermost instanceof Error && isPlain(innermost)) {
    return notMcp(shortenMessage(innermost.message));
  }
  return null;
}

/** Whether the error was delivered by the transport because a response stream ended without a response. */
export function isStreamEnd(error: unknown): boolean {
  return ProtocolError.isInstance(error) && error.data === STREAM_ENDED;
}

/** Whether the server responded, or may have received the request. */
export function isAnswered(error: unknown): boolean {
  if (causesOf(error).some((cause) => cause instanceof CredentialsFault)) return false;
  const failure = classifyFailure(error, "call");
  if (!failure || failure.kind === "refused") return false;
  return failure.kind !== "unreachable" || failure.sent !== false;
}

function classifyOne(error: unknown, phase: "connect" | "call"): Failure | null {
  if (error instanceof CredentialsFault) throw error.cause;
  if (error instanceof CredentialsError) return { kind: "refused", stop: error.stop };
  if (error instanceof UnauthorizedError || error instanceof InsufficientScopeError) {
    return { kind: "refused", stop: null };
  }
  if (error instanceof SessionLostError) {
    return {
      kind: "unreachable",
      sent: phase === "call",
      retryable: true,
      httpStatus: error.httpStatus,
      message: describeStatus(error.httpStatus),
      sessionLost: true,
    };
  }
  if (isEgressError(error)) return classifyEgress(error, phase);
  if (ProtocolError.isInstance(error)) return classifyProtocolError(error, phase);
  if (SdkHttpError.isInstance(error)) return classifyHttp(error, phase);
  if (SdkError.isInstance(error)) return classifySdkError(error, phase);
  if (!(error instanceof Error)) return null;
  if (error.name === "SyntaxError" || error.name === "ZodError" || error.name === "$ZodError") {
    return notMcp("The server's response is not a JSON-RPC message.");
  }
  return classifyNetwork(error, phase);
}

function classifyProtocolError(error: ProtocolError, phase: "connect" | "call"): Failure {
  if (error.data === STREAM_ENDED) {
    return lost(phase, "The server closed the connection before it answered.");
  }
  if (error.data === SESSION_LOST) {
    const message = "The server no longer has the session.";
    const sent = phase === "call";
    return {
      kind: "unreachable",
      sent,
      retryable: true,
      httpStatus: 200,
      message,
      sessionLost: true,
    };
  }
  if (error.data === FOREIGN_ANSWER) {
    return notMcp("The server responded to a different request than the one sent.");
  }
  if (UrlElicitationRequiredError.isInstance(error)) {
    return { kind: "protocol-error", code: "input-required", message: ASKS };
  }
  if (MissingRequiredClientCapabilityError.isInstance(error)) {
    const { requiredCapabilities } = error;
    if (requiredCapabilities.elicitation) {
      return { kind: "protocol-error", code: "input-required", message: ASKS };
    }
    const wanted = Object.keys(requiredCapabilities).join(", ") || "unnamed";
    const message = `The server requires a client capability that Gatehouse does not support: ${wanted}.`;
    return { kind: "protocol-error", code: error.code, message };
  }
  return {
    kind: "protocol-error",
    code: error.code,
    message: shortenMessage(error.message) || "The server gave no reason.",
  };
}

function classifyHttp(error: SdkHttpError, phase: "connect" | "call"): Failure {
  const { status } = error;
  const answer = readErrorBody(error.data["text"]);
  const isMissing = status === 404;
  // A legacy server returns 404 if it no longer knows the session, in which case it did not run the call.
  if (answer && !isMissing && !TRANSIENT_STATUS.has(status)) {
    const message = shortenMessage(answer.message);
    return { kind: "protocol-error", code: answer.code, message, httpStatus: status };
  }
  const isTransient = TRANSIENT_STATUS.has(status);
  return {
    kind: "unreachable",
    sent: phase === "call",
    retryable: phase === "connect" ? isTransient : status === 429 || isMissing,
    httpStatus: status,
    message: describeStatus(status),
  };
}

function classifySdkError(error: SdkError, phase: "connect" | "call"): Failure | null {
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return phase === "call"
        ? { kind: "timed-out", message: "The server did not answer in time." }
        : notSent("The server did not answer in time.");
    case SdkErrorCode.ConnectionClosed:
      return lost(phase, "The connection was closed before the server answered.");
    case SdkErrorCode.NotConnected:
    case SdkErrorCode.SendFailed:
      return notSent("The connection to the server was lost.");
    case SdkErrorCode.UnsupportedResultType:
      return readResultType(error.data) === "input_required"
        ? { kind: "protocol-error", code: "input-required", message: ASKS }
        : invalidResult("The server sent a type of result that Gatehouse does not support.");
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.ListPaginationExceeded:
      return invalidResult("The server's result does not conform to the protocol.");
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return notMcp("The server's response is neither JSON nor an event stream.");
    default:
      return null;
  }
}

function classifyNetwork(error: Error, phase: "connect" | "call"): Failure | null {
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  if (code && NEVER_CONNECTED.has(code)) return notSent("The server cannot be reached.");
  if (code && (/^E[A-Z]+$/.test(code) || code.startsWith("UND_ERR_"))) {
    return lost(phase, "The connection to the server was interrupted.");
  }
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return lost(phase, "The connection to the server was cancelled.");
  }
  return null;
}

function isPlain(error: Error): boolean {
  return SdkError.isInstance(error) || error.constructor === Error;
}

interface EgressError extends Error {
  code: string;
  transient: boolean;
  sent: boolean | "unknown";
}

function isEgressError(error: unknown): error is EgressError {
  return error instanceof Error && error.name === "EgressError" && "sent" in error;
}

function classifyEgress(error: EgressError, phase: "connect" | "call"): Failure {
  const sent = phase === "connect" ? false : error.sent;
  const message = shortenMessage(error.message);
  if (error.code === "DEADLINE" && sent !== false) return { kind: "timed-out", message };
  return {
    kind: "unreachable",
    sent,
    retryable: error.transient && sent === false,
    httpStatus: null,
    message,
  };
}

function lost(phase: "connect" | "call", message: string): Failure {
  if (phase === "connect") return notSent(message);
  return { kind: "unreachable", sent: "unknown", retryable: false, httpStatus: null, message };
}

function invalidResult(message: string): Failure {
  return { kind: "protocol-error", code: "invalid-result", message };
}

function notMcp(message: string): Failure {
  return { kind: "protocol-error", code: "not-mcp", message };
}

function describeStatus(status: number): string {
  if (status === 404) return "The server found nothing at this address, or has ended the session.";
  if (status === 405) return "The address does not accept MCP messages (HTTP 405).";
  if (status === 429) return "The server limits the rate of requests (HTTP 429).";
  if (status >= 300 && status < 400) return `The address redirects (HTTP ${status}).`;
  return `The server answered with HTTP ${status}.`;
}

function readResultType(data: unknown): unknown {
  return typeof data === "object" && data !== null && "resultType" in data ? data.resultType : null;
}

/** The error and its causes, outermost first. The SDK wraps errors of the connect phase. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let next = error; next !== undefined && next !== null && chain.length < 8;) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}
