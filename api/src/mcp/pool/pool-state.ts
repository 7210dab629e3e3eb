/** What becomes of a pooled connection (S2): one table, so that nothing else decides whether it may be handed out. */

export type PoolState =
  /** Being made; whoever wants it waits. */
  | "connecting"
  /** Handed out to all who ask. */
  | "open"
  /** Not handed out any more; who has it already finishes. */
  | "draining"
  | "closed";

export type PoolEvent =
  | "connected"
  /** There is no connection, and will be none. */
  | "failed"
  /** It is not to be handed out any more: settings changed, it is unhealthy, idle or old. */
  | "evicted"
  /** Nobody uses a draining one. */
  | "drained";

const transitions: Record<PoolState, Partial<Record<PoolEvent, PoolState>>> = {
  connecting: { connected: "open", failed: "closed", evicted: "draining" },
  open: { failed: "closed", evicted: "draining" },
  // One that was evicted while it was made stays so.
  draining: { failed: "closed", drained: "closed" },
  closed: {},
};

/** Events that mean nothing in a state leave it as it is. */
export function nextPoolState(state: PoolState, event: PoolEvent): PoolState {
  return transitions[state][event] ?? state;
}

/** Whether a new use may have it. */
export function isHandedOut(state: PoolState): boolean {
  return state === "connecting" || state === "open";
}
