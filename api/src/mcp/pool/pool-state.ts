/** The life cycle of a pooled connection (S2) as a transition table, which alone determines whether a connection can be used. */

export type PoolState =
  /** The connection is being made; new uses wait for it. */
  | "connecting"
  /** The connection is available for all uses. */
  | "open"
  /** The connection is not available for new uses; current uses continue. */
  | "draining"
  | "closed";

export type PoolEvent =
  | "connected"
  /** The connection could not be made. */
  | "failed"
  /** The connection must not be used any more: the settings changed, or it is unhealthy, idle or too old. */
  | "evicted"
  /** A draining connection has no more users. */
  | "drained";

const transitions: Record<PoolState, Partial<Record<PoolEvent, PoolState>>> = {
  connecting: { connected: "open", failed: "closed", evicted: "draining" },
  open: { failed: "closed", evicted: "draining" },
  // A connection that was evicted while it was being made stays evicted.
  draining: { failed: "closed", drained: "closed" },
  closed: {},
};

/** Events that do not apply to a state leave it unchanged. */
export function nextPoolState(state: PoolState, event: PoolEvent): PoolState {
  return transitions[state][event] ?? state;
}

/** Whether new uses can have the connection. */
export function isHandedOut(state: PoolState): boolean {
  return state === "connecting" || state === "open";
}
