import type { OAuthFlowError, OAuthFlowStatus } from "../../graphql/generated/graphql.ts";

/** One of several providers at which a server can be signed in to. */
export type ProviderChoice = { issuer: string; name: string; needsClient: boolean };

/** Why an attempt did not get as far as, or through, the consent page. */
export type ConnectProblem =
  | { kind: "client-required"; message: string; issuer: string | null; redirectUri: string }
  | { kind: "choose-provider"; providers: ProviderChoice[] }
  | {
      kind: "discovery-failed";
      message: string;
      flowId: string;
      /** An issuer that an admin can trust, so that the next attempt succeeds. */
      untrustedIssuer: string | null;
    }
  | { kind: "flow-ended"; status: OAuthFlowStatus; error: OAuthFlowError | null }
  | { kind: "request-failed"; message: string };

/**
 * The sign-in window as far as it is known. `gone` may be a lie (a provider's
 * Cross-Origin-Opener-Policy makes an open window look closed), so it changes words and nothing else.
 */
export type PopupSight = "open" | "gone" | "blocked";

export type ConnectState =
  | { step: "idle" }
  | { step: "starting"; popup: PopupSight }
  | { step: "waiting"; popup: PopupSight; flowId: string; authorizationUrl: string }
  | { step: "cancelling"; popup: PopupSight; flowId: string; authorizationUrl: string }
  | { step: "problem"; problem: ConnectProblem };

export type ConnectEvent =
  | { type: "clicked"; popup: "open" | "blocked" }
  | { type: "started"; flowId: string; authorizationUrl: string }
  | { type: "refused"; problem: ConnectProblem }
  | { type: "already-connected" }
  | { type: "popup-gone" }
  | { type: "reopened"; popup: "open" | "blocked" }
  | { type: "cancel-asked" }
  | { type: "cancel-failed"; message: string }
  | { type: "flow-ended"; flowId: string; status: OAuthFlowStatus; error: OAuthFlowError | null }
  /** Back in this tab from the provider, with the attempt's outcome. */
  | { type: "returned"; status: OAuthFlowStatus; error: OAuthFlowError | null }
  | { type: "connected" }
  | { type: "dismissed" };

const idle: ConnectState = { step: "idle" };

/** What a flow that ended leaves on the screen: a success and one's own cancellation need no words. */
function afterFlow(
  status: OAuthFlowStatus,
  error: OAuthFlowError | null,
): ConnectState | undefined {
  if (status === "PENDING") return undefined;
  if (status === "SUCCEEDED" || status === "CANCELLED") return idle;
  return { step: "problem", problem: { kind: "flow-ended", status, error } };
}

/**
 * One attempt to connect, from the click to its end. Pure. An event that does not fit the state
 * leaves it as it is: answers and window sightings arrive late.
 */
export function nextState(state: ConnectState, event: ConnectEvent): ConnectState {
  switch (event.type) {
    case "clicked":
      return state.step === "starting" ? state : { step: "starting", popup: event.popup };
    case "started":
      if (state.step !== "starting") return state;
      return {
        step: "waiting",
        popup: state.popup,
        flowId: event.flowId,
        authorizationUrl: event.authorizationUrl,
      };
    case "refused":
      return state.step === "starting" ? { step: "problem", problem: event.problem } : state;
    case "already-connected":
    case "connected":
      return idle;
    case "popup-gone":
      if (state.step !== "starting" && state.step !== "waiting") return state;
      return state.popup === "open" ? { ...state, popup: "gone" } : state;
    case "reopened":
      return state.step === "waiting" ? { ...state, popup: event.popup } : state;
    case "cancel-asked":
      return state.step === "waiting" ? { ...state, step: "cancelling" } : state;
    case "cancel-failed":
      if (state.step !== "cancelling") return state;
      return { step: "problem", problem: { kind: "request-failed", message: event.message } };
    case "flow-ended":
      if (state.step !== "waiting" && state.step !== "cancelling") return state;
      if (state.flowId !== event.flowId) return state;
      return afterFlow(event.status, event.error) ?? state;
    case "returned":
      return state.step === "idle" ? (afterFlow(event.status, event.error) ?? state) : state;
    case "dismissed":
      return state.step === "problem" ? idle : state;
  }
}
