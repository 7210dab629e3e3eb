/** Limits of one guarded fetch, including redirects. `Infinity` removes a limit. */
export interface EgressLimits {
  /** The maximum size of the response body after content decoding, in bytes. */
  maxResponseBytes: number;
  /**
   * The time from the start of each hop (including name resolution and connecting) to its response
   * headers.
   */
  headersTimeoutMs: number;
  /** The maximum wait for the next part of the body while it is being read. */
  bodyIdleTimeoutMs: number;
  /** The time from the call to the last byte of the body. */
  totalDeadlineMs: number;
  /**
   * Whether a `text/event-stream` response is exempt from `totalDeadlineMs` and `bodyIdleTimeoutMs`
   * after its headers have arrived. Off by default, because a malicious server could otherwise
   * block any caller.
   */
  longEventStreams: boolean;
}

export const DEFAULT_LIMITS: EgressLimits = {
  maxResponseBytes: 16 * 1024 * 1024,
  headersTimeoutMs: 20_000,
  bodyIdleTimeoutMs: 20_000,
  totalDeadlineMs: 30_000,
  longEventStreams: false,
};
