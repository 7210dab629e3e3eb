/** Bounds of one guarded fetch, redirects included. `Infinity` lifts a bound. */
export interface EgressLimits {
  /** Bytes of the response's body after content decoding. */
  maxResponseBytes: number;
  /** From the start of each hop (name resolution and connecting included) to its response headers. */
  headersTimeoutMs: number;
  /** The longest wait for the next piece of the body while somebody reads it. */
  bodyIdleTimeoutMs: number;
  /** From the call to the last byte of the body. */
  totalDeadlineMs: number;
  /**
   * Once its headers are there, a `text/event-stream` response is held to neither `totalDeadlineMs`
   * nor `bodyIdleTimeoutMs`. Off by default: a hostile server could hold any caller with one.
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
