import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  deadReasons,
  disconnectedReasons,
  isDeadReason,
  nextState,
  readGrantStatus,
  type OAuthEvent,
  type OAuthReason,
  type GrantStatus,
  type OAuthState,
} from "./state.ts";

const statuses: GrantStatus[] = [
  { state: "NOT_REQUIRED", reason: null },
  { state: "CONNECTED", reason: null },
  ...disconnectedReasons.map((reason) => ({ state: "DISCONNECTED" as const, reason })),
  ...deadReasons.map((reason) => ({ state: "REAUTH_REQUIRED" as const, reason })),
  { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" },
  { state: "REAUTH_REQUIRED", reason: "INSUFFICIENT_SCOPE" },
];

const events: OAuthEvent[] = [
  { type: "authorizationRequired" },
  { type: "authorizationNotRequired" },
  { type: "consented" },
  { type: "refreshed" },
  ...deadReasons.map((reason) => ({ type: "refreshFailedDead" as const, reason })),
  { type: "refreshFailedTransient" },
  { type: "tokenRejected" },
  { type: "tokenAccepted" },
  { type: "scopeInsufficient" },
  { type: "disconnected" },
  { type: "settingsChanged" },
  { type: "memberRemoved" },
];

/** The whole table once more, written by hand; "=" is no change, "!" the event's own reason. */
const columns = [
  "authorizationRequired",
  "authorizationNotRequired",
  "consented",
  "refreshed",
  "refreshFailedDead",
  "refreshFailedTransient",
  "tokenRejected",
  "tokenAccepted",
  "scopeInsufficient",
  "disconnected",
  "settingsChanged",
  "memberRemoved",
] as const;
const N = "NOT_REQUIRED";
const C = "CONNECTED";
const nc = "NOT_CONNECTED";
const tr = "TOKEN_REJECTED";
const is = "INSUFFICIENT_SCOPE";
const du = "DISCONNECTED_BY_USER";
const sc = "SETTINGS_CHANGED";
const mr = "MEMBER_REMOVED";
const disconnectedRow = ["=", N, C, "=", "=", "=", "=", "=", "=", "=", "=", "="];
const deadRow = ["=", N, C, "=", "=", "=", "=", "=", "=", du, sc, mr];
const expected: Record<string, string[]> = {
  NOT_REQUIRED: [nc, "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
  CONNECTED: ["=", N, "=", "=", "!", "=", tr, "=", is, du, sc, mr],
  ...Object.fromEntries(disconnectedReasons.map((reason) => [reason, disconnectedRow])),
  ...Object.fromEntries(deadReasons.map((reason) => [reason, deadRow])),
  TOKEN_REJECTED: ["=", N, C, "=", "!", "=", "=", C, is, du, sc, mr],
  INSUFFICIENT_SCOPE: ["=", N, C, "=", "!", "=", "=", "=", "=", du, sc, mr],
};

function nameStatus(status: GrantStatus): string {
  return status.reason ?? status.state;
}

describe("nextState", () => {
  const cells = statuses.flatMap((from) => events.map((event) => [from, event] as const));

  it.each(cells)("%o on %o", (from, event) => {
    const cell = expected[nameStatus(from)]?.[columns.indexOf(event.type)];
    const to = nextState(from.state, from.reason, event);
    const own = event.type === "refreshFailedDead" ? event.reason : undefined;
    expect(nameStatus(to)).toBe(cell === "=" ? nameStatus(from) : cell === "!" ? own : cell);
    expect(readGrantStatus(to.state, to.reason)).toEqual(to);
  });

  it("covers every state, reason and event", () => {
    expect(cells).toHaveLength(14 * 17);
  });

  it("refuses pairs that cannot be", () => {
    const states: OAuthState[] = ["NOT_REQUIRED", "DISCONNECTED", "CONNECTED", "REAUTH_REQUIRED"];
    const reasons: (OAuthReason | null)[] = [
      null,
      ...deadReasons,
      ...disconnectedReasons,
      "TOKEN_REJECTED",
      "INSUFFICIENT_SCOPE",
    ];
    const possible = new Set(statuses.map(({ state, reason }) => `${state}/${reason}`));
    for (const state of states) {
      for (const reason of reasons) {
        const read = (): GrantStatus => nextState(state, reason, { type: "refreshed" });
        if (possible.has(`${state}/${reason}`)) expect(read()).toEqual({ state, reason });
        else expect(read).toThrow(RangeError);
      }
    }
  });

  const anyStatus = fc.constantFrom(...statuses);
  const anyEvents = fc.array(fc.constantFrom(...events), { maxLength: 40 });

  it("no sequence of events leaves the table", () => {
    fc.assert(
      fc.property(anyStatus, anyEvents, (start, sequence) => {
        let status = start;
        for (const event of sequence) status = nextState(status.state, status.reason, event);
        expect(readGrantStatus(status.state, status.reason)).toEqual(status);
      }),
    );
  });

  it("R8 dead stays dead until consent or until the grant is ended", () => {
    const harmless = events.filter(
      ({ type }) =>
        type !== "consented" &&
        type !== "disconnected" &&
        type !== "settingsChanged" &&
        type !== "memberRemoved" &&
        type !== "authorizationNotRequired",
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...deadReasons),
        fc.array(fc.constantFrom(...harmless), { maxLength: 40 }),
        (reason, sequence) => {
          let status: GrantStatus = { state: "REAUTH_REQUIRED", reason };
          for (const event of sequence) {
            status = nextState(status.state, status.reason, event);
          }
          expect(status).toEqual({ state: "REAUTH_REQUIRED", reason });
        },
      ),
    );
  });

  it("only consent leads from a dead or ended grant to CONNECTED", () => {
    fc.assert(
      fc.property(anyStatus, anyEvents, (start, sequence) => {
        let status = start;
        for (const event of sequence) {
          const before = status;
          status = nextState(before.state, before.reason, event);
          if (before.state === "CONNECTED" || status.state !== "CONNECTED") continue;
          const relented = before.reason === "TOKEN_REJECTED" && event.type === "tokenAccepted";
          expect(event.type === "consented" || relented).toBe(true);
        }
      }),
    );
  });

  it("R7 R19 trouble that passes by itself never changes a living grant for good", () => {
    const rejected = nextState("CONNECTED", null, { type: "tokenRejected" });
    expect(isDeadReason(rejected.reason)).toBe(false);
    const again = nextState(rejected.state, rejected.reason, { type: "tokenAccepted" });
    expect(again).toEqual({ state: "CONNECTED", reason: null });
    expect(nextState("CONNECTED", null, { type: "refreshFailedTransient" })).toEqual(again);
  });
});
