/** Why a request failed. Any HTTP response of the server is a response, not an error. */
export type EgressErrorCode =
  /** The target is not a URL. */
  | "NOT_A_URL"
  /** The scheme is neither http nor https, or a redirect leads from https to http. */
  | "SCHEME_FORBIDDEN"
  /** The URL contains a user name or password. */
  | "CREDENTIALS_IN_URL"
  /** The address (literal or resolved) is neither public nor allowed. */
  | "ADDRESS_FORBIDDEN"
  /** The host is not on the allow-list. */
  | "HOST_FORBIDDEN"
  /** A redirect that was not allowed, or one that would send a body to another origin. */
  | "REDIRECT_FORBIDDEN"
  | "TOO_MANY_REDIRECTS"
  | "DNS_FAILED"
  | "CONNECT_FAILED"
  | "TLS_FAILED"
  /** The connection ended before the response was complete. */
  | "CONNECTION_LOST"
  /** The response is not HTTP, or its body cannot be decoded. */
  | "RESPONSE_INVALID"
  | "RESPONSE_TOO_LARGE"
  /** One of the time limits passed. */
  | "DEADLINE";

/**
 * Whether the request may have reached a server. `false`: not a single byte was written, so it is
 * safe to send it again. `"unknown"`: the connection failed while the request was being written.
 * `true`: a server responded, possibly with a redirect.
 */
export type Sent = boolean | "unknown";

const TRANSIENT: ReadonlySet<EgressErrorCode> = new Set([
  "DNS_FAILED",
  "CONNECT_FAILED",
  "TLS_FAILED",
  "CONNECTION_LOST",
  "RESPONSE_INVALID",
  "DEADLINE",
]);

/**
 * The error with which the guarded fetch, or reading its response body, fails unless the caller
 * aborted it. The message contains the host, but never path, query or headers, so it can be logged
 * and displayed.
 */
export class EgressError extends Error {
  override readonly name = "EgressError";
  readonly code: EgressErrorCode;
  readonly sent: Sent;
  /** Whether the same request may succeed later without a change of settings. */
  readonly transient: boolean;

  constructor(code: EgressErrorCode, message: string, options?: { sent?: Sent; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.sent = options?.sent ?? false;
    this.transient = TRANSIENT.has(code);
  }
}
