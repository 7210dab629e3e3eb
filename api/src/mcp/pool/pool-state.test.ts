import { describe, expect, it } from "vitest";
import { isHandedOut, nextPoolState } from "./pool-state.ts";
import type { PoolEvent, PoolState } from "./pool-state.ts";

describe("S2 states of a pooled connection", () => {
  const table: Record<PoolState, Record<PoolEvent, PoolState>> = {
    connecting: {
      connected: "open",
      failed: "closed",
      evicted: "draining",
      drained: "connecting",
    },
    open: { connected: "open", failed: "closed", evicted: "draining", drained: "open" },
    draining: {
      connected: "draining",
      failed: "closed",
      evicted: "draining",
      drained: "closed",
    },
    closed: { connected: "closed", failed: "closed", evicted: "closed", drained: "closed" },
  };
  for (const [state, events] of Object.entries(table) as [
    PoolState,
    Record<PoolEvent, PoolState>,
  ][])
    for (const [event, next] of Object.entries(events) as [PoolEvent, PoolState][])
      it(`S2 ${state}, ${event}: ${next}`, () => expect(nextPoolState(state, event)).toBe(next));

  it("S2 one that is draining or closed is never handed out", () => {
    const handedOut = (Object.keys(table) as PoolState[]).filter(isHandedOut);
    expect(handedOut).toEqual(["connecting", "open"]);
  });
});
