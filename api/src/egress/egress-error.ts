/** Why a request did not succeed. Whatever the other end answered in HTTP is a response, not one of these. */
export type EgressErrorCode =
  /** The target is no URL. */
  | "NOT_A_URL"
  /** Neither http nor https, or a redirect from https down to http. */
  | "SCHEME_FORBIDDEN"
  /** User name or password in the URL. */
  | "CREDENTIALS_IN_URL"
  /** The address (literal or resolved) is not public and not allowed. */
  | "ADDRESS_FORBIDDEN"
  /** The host is not on the allow-list. */
  | "HOST_FORBIDDEN"
  /** A redirect where none was allowed, or one that would carry a body to another origin. */
  | "REDIRECT_FORBIDDEN"
  | "TOO_MANY_REDIRECTS"
  | "DNS_FAILED"
  | "CONNECT_FAILED"
  | "TLS_FAILED"
  /** The connection ended before the whole response was there. */
  | "CONNECTION_LOST"
  /** Not HTTP, or a body that its content encoding cannot decode. */
  | "RESPONSE_INVALID"
  | "RESPONSE_TOO_LARGE"
  /** One of the time limits passed. */
  | "DEADLINE";

/**
 * Whether the request may have reached a server: `false`, not one byte was written, it is safe to send
 * again; `"unknown"`, it was being written when things broke; `true`, a server answered it, be it with
 * a redirect.
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
 * What the guarded fetch, or reading its response's body, fails with (besides the caller's own abort).
 * The message names the host, never path, query or headers, so it may be logged and shown.
 */
export class EgressError extends Error {
  override readonly name = "EgressError";
  readonly code: EgressErrorCode;
  readonly sent: Sent;
  /** The same request may succeed later without anybody changing settings here. */
  readonly transient: boolean;

  constructor(code: EgressErrorCode, message: string, options?: { sent?: Sent; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.sent = options?.sent ?? false;
    this.transient = TRANSIENT.has(code);
  }
}
