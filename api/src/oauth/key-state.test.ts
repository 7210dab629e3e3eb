import { describe, expect, it } from "vitest";
import { describeKey, type KeyEvent, type KeyState, nextKeyState } from "./key-state.ts";

const states: KeyState[] = ["UNKNOWN", "ACCEPTED", "REJECTED"];

describe("nextKeyState", () => {
  const table: Record<KeyEvent, KeyState[]> = {
    accepted: ["ACCEPTED", "ACCEPTED", "ACCEPTED"],
    rejected: ["REJECTED", "REJECTED", "REJECTED"],
    unanswered: states,
    changed: ["UNKNOWN", "UNKNOWN", "UNKNOWN"],
  };
  for (const [event, targets] of Object.entries(table))
    it(`I20 ${event} leads from any state to the expected one`, () => {
      expect(states.map((state) => nextKeyState(state, event as KeyEvent))).toEqual(targets);
    });
});

describe("describeKey", () => {
  it("I20 tells a missing key from a rejected one", () => {
    expect(states.map((state) => describeKey(state, true))).toEqual([
      { state: "UNKNOWN", reason: null },
      { state: "CONNECTED", reason: null },
      { state: "REAUTH_REQUIRED", reason: "KEY_REJECTED" },
    ]);
    // A server that turns out to need no key is used without one.
    expect(states.map((state) => describeKey(state, false))).toEqual([
      { state: "REAUTH_REQUIRED", reason: "KEY_MISSING" },
      { state: "CONNECTED", reason: null },
      { state: "REAUTH_REQUIRED", reason: "KEY_MISSING" },
    ]);
  });
});
