import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DeadReason,
  deadReasons,
  isDeadReason,
  nextState,
  type OAuthEvent,
  type GrantStatus,
  readGrantStatus,
} from "./state.ts";

/**
 * What the table should amount to, told without it: whether the server wants OAuth, what is left of the last consent, and how it ended.
 */
interface Model {
  isRequired: boolean;
  grant: "none" | "good" | "rejected" | "narrow" | DeadReason;
  ending: "NOT_CONNECTED" | "DISCONNECTED_BY_USER" | "SETTINGS_CHANGED" | "MEMBER_REMOVED";
}

const endings = {
  disconnected: "DISCONNECTED_BY_USER",
  settingsChanged: "SETTINGS_CHANGED",
  memberRemoved: "MEMBER_REMOVED",
} as const;

function move(model: Model, event: OAuthEvent): Model {
  const { isRequired, grant } = model;
  if (event.type === "authorizationNotRequired")
    return { isRequired: false, grant: "none", ending: "NOT_CONNECTED" };
  // Until the server wants OAuth nothing else concerns it.
  if (!isRequired) return { ...model, isRequired: event.type === "authorizationRequired" };
  const isUsable = grant === "good" || grant === "rejected" || grant === "narrow";
  switch (event.type) {
    case "consented":
      return { ...model, grant: "good" };
    case "disconnected":
    case "settingsChanged":
    case "memberRemoved":
      return grant === "none" ? model : { ...model, grant: "none", ending: endings[event.type] };
    case "refreshFailedDead":
      return isUsable ? { ...model, grant: event.reason } : model;
    case "tokenRejected":
      return grant === "good" ? { ...model, grant: "rejected" } : model;
    case "tokenAccepted":
      return grant === "rejected" ? { ...model, grant: "good" } : model;
    case "scopeInsufficient":
      return grant === "good" || grant === "rejected" ? { ...model, grant: "narrow" } : model;
    case "authorizationRequired":
    case "refreshed":
    case "refreshFailedTransient":
      return model;
  }
}

function show({ isRequired, grant, ending }: Model): GrantStatus {
  if (!isRequired) return { state: "NOT_REQUIRED", reason: null };
  switch (grant) {
    case "none":
      return { state: "DISCONNECTED", reason: ending };
    case "good":
      return { state: "CONNECTED", reason: null };
    case "rejected":
      return { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" };
    case "narrow":
      return { state: "REAUTH_REQUIRED", reason: "INSUFFICIENT_SCOPE" };
    default:
      return { state: "REAUTH_REQUIRED", reason: grant };
  }
}

const anyEvent = fc.oneof(
  fc
    .constantFrom<OAuthEvent["type"]>(
      "authorizationRequired",
      "authorizationNotRequired",
      "consented",
      "refreshed",
      "refreshFailedTransient",
      "tokenRejected",
      "tokenAccepted",
      "scopeInsufficient",
      "disconnected",
      "settingsChanged",
      "memberRemoved",
    )
    .map((type) => ({ type }) as OAuthEvent),
  fc.constantFrom(...deadReasons).map((reason) => ({ type: "refreshFailedDead" as const, reason })),
);
const anySequence = fc.array(anyEvent, { maxLength: 60, size: "max" });

const fresh: GrantStatus = { state: "NOT_REQUIRED", reason: null };
const step = (status: GrantStatus, event: OAuthEvent): GrantStatus =>
  nextState(status.state, status.reason, event);

describe("the life of an account", () => {
  it("goes as the model says, whatever happens in whatever order, and never to a pair that cannot be", () => {
    fc.assert(
      fc.property(anySequence, (sequence) => {
        let status: GrantStatus = fresh;
        let model: Model = { isRequired: false, grant: "none", ending: "NOT_CONNECTED" };
        for (const event of sequence) {
          status = step(status, event);
          model = move(model, event);
          expect(status).toEqual(show(model));
          expect(readGrantStatus(status.state, status.reason)).toEqual(status);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("R8 once dead, the same reason stands until consent or an ending", () => {
    const ends = new Set(["consented", "authorizationNotRequired", ...Object.keys(endings)]);
    fc.assert(
      fc.property(anySequence, anySequence, (before, after) => {
        const reached = before.reduce(step, fresh);
        const dead = isDeadReason(reached.reason) ? reached : deadStatus;
        const end = after.findIndex(({ type }) => ends.has(type));
        const harmless = end === -1 ? after : after.slice(0, end);
        expect(harmless.reduce(step, dead)).toEqual(dead);
      }),
      { numRuns: 500 },
    );
  });

  it("consent leads to CONNECTED from wherever a server wants OAuth", () => {
    fc.assert(
      fc.property(anySequence, (sequence) => {
        const reached = sequence.reduce(step, fresh);
        const required = step(reached, { type: "authorizationRequired" });
        expect(step(required, { type: "consented" })).toEqual({ state: "CONNECTED", reason: null });
      }),
    );
  });
});

const deadStatus: GrantStatus = { state: "REAUTH_REQUIRED", reason: "GRANT_INVALID" };
