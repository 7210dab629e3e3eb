import { useLocation } from "react-router";
import { useMutation, type CombinedError } from "urql";
import type { OAuthFlowMode } from "../../graphql/generated/graphql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { startOAuthMutation } from "./operations.ts";
import type { ConnectEvent } from "./popup-machine.ts";

/** Asks for the authorization URL and sends the window (or this tab) there; closes it on any other answer. */
export function useStart(serverId: string, dispatch: (event: ConnectEvent) => void) {
  const [, startOAuth] = useMutation(startOAuthMutation);
  const location = useLocation();
  const returnTo = location.pathname + location.search;

  return async function start(
    mode: OAuthFlowMode,
    popup: Window | null,
    issuer: string | undefined,
  ): Promise<void> {
    const { data, error } = await startOAuth({
      input: { serverId, mode, issuer, returnTo: mode === "REDIRECT" ? returnTo : undefined },
    });
    const answer = data?.startOAuth;
    // The address comes from a stranger's metadata: nothing but a web page is opened.
    if (answer?.__typename === "OAuthStarted" && /^https?:\/\//i.test(answer.authorizationUrl)) {
      const { authorizationUrl, flow } = answer;
      dispatch({ type: "started", flowId: flow.id, authorizationUrl });
      if (mode === "REDIRECT") window.location.assign(authorizationUrl);
      else if (popup && !popup.closed) popup.location.replace(authorizationUrl);
      return;
    }
    popup?.close();
    dispatch(answer ? readRefusal(answer) : requestFailed(error));
  };
}

function requestFailed(error: CombinedError | undefined): ConnectEvent {
  const message = error ? describeError(error) : "No answer came.";
  return { type: "refused", problem: { kind: "request-failed", message } };
}

type Refusal =
  | { __typename: "OAuthStarted" }
  | { __typename: "OAuthAlreadyConnected" }
  | {
      __typename: "OAuthClientRequired";
      message: string;
      issuer?: string | null;
      redirectUri: string;
    }
  | {
      __typename: "OAuthAuthorizationServerRequired";
      authorizationServers: { issuer: string; name: string; clientRegistration?: string | null }[];
    }
  | {
      __typename: "OAuthDiscoveryFailed";
      message: string;
      flow: { id: string; untrustedIssuer?: string | null };
    };

function readRefusal(answer: Refusal): ConnectEvent {
  switch (answer.__typename) {
    case "OAuthStarted": {
      const message = "The sign-in provider named a page that is not on the web.";
      return { type: "refused", problem: { kind: "request-failed", message } };
    }
    case "OAuthAlreadyConnected":
      return { type: "already-connected" };
    case "OAuthClientRequired": {
      const { message, redirectUri, issuer = null } = answer;
      return {
        type: "refused",
        problem: { kind: "client-required", message, issuer, redirectUri },
      };
    }
    case "OAuthAuthorizationServerRequired": {
      const providers = answer.authorizationServers.map(({ issuer, name, clientRegistration }) => ({
        issuer,
        name,
        needsClient: !clientRegistration,
      }));
      return { type: "refused", problem: { kind: "choose-provider", providers } };
    }
    case "OAuthDiscoveryFailed": {
      const { message, flow } = answer;
      const { id: flowId, untrustedIssuer = null } = flow;
      return {
        type: "refused",
        problem: { kind: "discovery-failed", message, flowId, untrustedIssuer },
      };
    }
  }
}
