import { describe, expect, it } from "vitest";
import { nextState, type ConnectEvent, type ConnectState } from "./popup-machine.ts";

const url = "https://id.example/authorize?state=s";
const started: ConnectEvent = { type: "started", flowId: "f1", authorizationUrl: url };
const refused: ConnectEvent = {
  type: "refused",
  problem: { kind: "request-failed", message: "No." },
};

const states: Record<ConnectState["step"], ConnectState> = {
  idle: { step: "idle" },
  starting: { step: "starting", popup: "open" },
  waiting: { step: "waiting", popup: "open", flowId: "f1", authorizationUrl: url },
  cancelling: { step: "cancelling", popup: "open", flowId: "f1", authorizationUrl: url },
  problem: { step: "problem", problem: { kind: "request-failed", message: "No." } },
};
const events: Record<ConnectEvent["type"], ConnectEvent> = {
  clicked: { type: "clicked", popup: "open" },
  started,
  refused,
  "already-connected": { type: "already-connected" },
  "popup-gone": { type: "popup-gone" },
  reopened: { type: "reopened", popup: "open" },
  "cancel-asked": { type: "cancel-asked" },
  "cancel-failed": { type: "cancel-failed", message: "Away." },
  "flow-ended": { type: "flow-ended", flowId: "f1", status: "FAILED", error: "ACCESS_DENIED" },
  returned: { type: "returned", status: "FAILED", error: "ACCESS_DENIED" },
  connected: { type: "connected" },
  dismissed: { type: "dismissed" },
};

function run(...steps: ConnectEvent[]): ConnectState {
  return steps.reduce<ConnectState>(nextState, { step: "idle" });
}

describe("nextState", () => {
  it("has exactly these transitions between steps; every other event changes nothing", () => {
    const table: string[] = [];
    for (const [from, state] of Object.entries(states)) {
      for (const [type, event] of Object.entries(events)) {
        const next = nextState(state, event);
        if (next.step !== state.step) table.push(`${from} + ${type} -> ${next.step}`);
      }
    }
    expect(table).toEqual([
      "idle + clicked -> starting",
      "idle + returned -> problem",
      "starting + started -> waiting",
      "starting + refused -> problem",
      "starting + already-connected -> idle",
      "starting + connected -> idle",
      "waiting + clicked -> starting",
      "waiting + already-connected -> idle",
      "waiting + cancel-asked -> cancelling",
      "waiting + flow-ended -> problem",
      "waiting + connected -> idle",
      "cancelling + clicked -> starting",
      "cancelling + already-connected -> idle",
      "cancelling + cancel-failed -> problem",
      "cancelling + flow-ended -> problem",
      "cancelling + connected -> idle",
      "problem + clicked -> starting",
      "problem + already-connected -> idle",
      "problem + connected -> idle",
      "problem + dismissed -> idle",
    ]);
  });

  it("E4 changes only the words when the window looks closed, and still takes the success", () => {
    const gone = run(events.clicked, started, events["popup-gone"]);
    expect(gone).toEqual({ step: "waiting", popup: "gone", flowId: "f1", authorizationUrl: url });
    expect(nextState(gone, events.connected)).toEqual({ step: "idle" });
  });

  it("E3 keeps that the window was blocked, with the address for the link", () => {
    const blocked = run({ type: "clicked", popup: "blocked" }, started);
    expect(blocked).toEqual({
      step: "waiting",
      popup: "blocked",
      flowId: "f1",
      authorizationUrl: url,
    });
    expect(nextState(blocked, events["popup-gone"])).toEqual(blocked);
  });

  it("E6 can be reopened after the window was abandoned", () => {
    const reopened = run(events.clicked, started, events["popup-gone"], events.reopened);
    expect(reopened).toMatchObject({ step: "waiting", popup: "open" });
  });

  it("MCP-AUTH-3 keeps the choice among providers until one is chosen", () => {
    const providers = [{ issuer: "https://id.example", name: "id.example", needsClient: false }];
    const choose: ConnectEvent = {
      type: "refused",
      problem: { kind: "choose-provider", providers },
    };
    const choosing = run(events.clicked, choose);
    expect(choosing).toEqual({ step: "problem", problem: { kind: "choose-provider", providers } });
    expect(nextState(choosing, events.clicked).step).toBe("starting");
    expect(nextState(choosing, events.dismissed)).toEqual({ step: "idle" });
  });

  it("ignores the end of another attempt", () => {
    const waiting = run(events.clicked, started);
    const other: ConnectEvent = { type: "flow-ended", flowId: "f0", status: "FAILED", error: null };
    expect(nextState(waiting, other)).toBe(waiting);
  });

  it.each([
    ["SUCCEEDED", "idle"],
    ["CANCELLED", "idle"],
    ["EXPIRED", "problem"],
    ["FAILED", "problem"],
    ["PENDING", "waiting"],
  ] as const)("after a flow that is %s is %s", (status, step) => {
    const end: ConnectEvent = { type: "flow-ended", flowId: "f1", status, error: null };
    expect(run(events.clicked, started, end).step).toBe(step);
  });

  it("does not take a late answer for the present attempt", () => {
    expect(run(events.clicked, started, events["cancel-asked"], refused).step).toBe("cancelling");
    expect(run(started)).toEqual({ step: "idle" });
  });
});
