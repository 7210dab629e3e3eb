import { useEffect, useEffectEvent, useReducer, useRef, useState } from "react";
import { useMutation, useSubscription } from "urql";
import type { FragmentType } from "../../graphql/generated/fragment-masking.ts";
import type { OAuthState } from "../../graphql/generated/graphql.ts";
import { describeError } from "../../lib/describe-error.ts";
import type { flowTimelineFragment } from "./flow-timeline.tsx";
import { openSignInPlace, takeHanded, type SignInPlace } from "./handed-window.ts";
import { cancelOAuthMutation, flowUpdatedSubscription, trustIssuerMutation } from "./operations.ts";
import { nextState, type ConnectEvent, type ConnectState } from "./popup-machine.ts";
import { openSignInWindow } from "./popup-window.ts";
import { useReturnedFlow } from "./use-returned-flow.ts";
import { useStart } from "./use-start.ts";

const lookIntervalMs = 700;

type ServerToConnect = {
  id: string;
  oauthState: OAuthState;
  activeFlowId: string | undefined;
  /** False where the workspace connects as itself. */
  needsPerson: boolean;
};

export type Connecting = {
  state: ConnectState;
  /** The attempt being followed, or the last that was. */
  flow: FragmentType<typeof flowTimelineFragment> | undefined;
  /** In the click: opens the window, or leaves this tab on a narrow touch screen. */
  connect: () => void;
  /** The same, at the provider that the person chose. */
  connectAt: (issuer: string) => void;
  continueInTab: () => void;
  reopen: () => void;
  cancel: () => void;
  dismiss: () => void;
  /** Trusts the issuer for this server, then connects. */
  trustAndConnect: (issuer: string) => void;
};

/** One server's attempts to connect. Success arrives by subscription alone, never from the window. */
export function useConnect(server: ServerToConnect): Connecting {
  const [state, dispatch] = useReducer(nextState, { step: "idle" });
  const popup = useRef<Window | null>(null);
  const chosenIssuer = useRef<string>(undefined);
  const start = useStart(server.id, dispatch);
  const [, cancelFlow] = useMutation(cancelOAuthMutation);
  const [, trustIssuer] = useMutation(trustIssuerMutation);
  useWindowWatch(state, popup, dispatch);
  useReturnedFlow(server.id, dispatch);

  // Followed to its end, which may come after the news that the account is connected.
  const [ownFlowId, setOwnFlowId] = useState<string>();
  if ("flowId" in state && state.flowId !== ownFlowId) setOwnFlowId(state.flowId);
  const openFlowId = server.oauthState === "CONNECTED" ? undefined : server.activeFlowId;
  const flowId = ownFlowId ?? openFlowId;
  const [{ data: update }] = useSubscription({
    query: flowUpdatedSubscription,
    variables: { flowId: flowId ?? "" },
    pause: !flowId,
  });
  const flow = update?.oauthFlowUpdated;

  useEffect(() => {
    if (!flow) return;
    dispatch({
      type: "flow-ended",
      flowId: flow.id,
      status: flow.status,
      error: flow.error ?? null,
    });
  }, [flow]);
  useEffect(() => {
    if (server.oauthState === "CONNECTED") dispatch({ type: "connected" });
  }, [server.oauthState]);

  function begin(place: SignInPlace): void {
    popup.current = place.kind === "window" ? place.popup : null;
    const blocked = place.kind === "window" && !place.popup;
    dispatch({ type: "clicked", popup: blocked ? "blocked" : "open" });
    void start(place.kind === "window" ? "POPUP" : "REDIRECT", popup.current, chosenIssuer.current);
  }

  async function cancel(): Promise<void> {
    if (!flowId) return;
    dispatch({ type: "cancel-asked" });
    popup.current?.close();
    const { error, data } = await cancelFlow({ flowId });
    if (error) dispatch({ type: "cancel-failed", message: describeError(error) });
    else if (data?.cancelOAuth)
      dispatch({ type: "flow-ended", flowId, status: data.cancelOAuth.status, error: null });
  }

  async function trustAndConnect(issuer: string): Promise<void> {
    // Opened in the click, because a window that opens later is blocked.
    const place = openSignInPlace(server.id, server.needsPerson);
    const { error } = await trustIssuer({ input: { serverId: server.id, issuer } });
    if (!error) return begin(place);
    if (place.kind === "window") place.popup?.close();
    dispatch({ type: "clicked", popup: "open" });
    const problem = { kind: "request-failed", message: describeError(error) } as const;
    dispatch({ type: "refused", problem });
  }

  const beginHanded = useEffectEvent(begin);
  useEffect(() => {
    const place = takeHanded(server.id);
    if (place) beginHanded(place);
  }, [server.id]);

  return {
    state,
    flow,
    connect() {
      chosenIssuer.current = undefined;
      begin(openSignInPlace(server.id, server.needsPerson));
    },
    connectAt(issuer) {
      chosenIssuer.current = issuer;
      begin(openSignInPlace(server.id, server.needsPerson));
    },
    continueInTab: () => begin({ kind: "tab" }),
    reopen() {
      if (state.step !== "waiting") return;
      popup.current = openSignInWindow(server.id, state.authorizationUrl);
      dispatch({ type: "reopened", popup: popup.current ? "open" : "blocked" });
    },
    cancel: () => void cancel(),
    dismiss: () => dispatch({ type: "dismissed" }),
    trustAndConnect: (issuer) => void trustAndConnect(issuer),
  };
}

/** Notices that the window looks closed, for the words beside the button alone. */
function useWindowWatch(
  state: ConnectState,
  popup: React.RefObject<Window | null>,
  dispatch: (event: ConnectEvent) => void,
): void {
  const watched = state.step === "waiting" && state.popup === "open";
  useEffect(() => {
    if (!watched) return undefined;
    const timer = setInterval(() => {
      if (popup.current?.closed !== false) dispatch({ type: "popup-gone" });
    }, lookIntervalMs);
    return () => clearInterval(timer);
  }, [watched, popup, dispatch]);
}
