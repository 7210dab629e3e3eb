import type {
  McpAuthType,
  OAuthReason,
  OAuthState,
  ReachabilityState,
} from "../graphql/generated/graphql.ts";
import { keyWords, stateWords, type Tone } from "./words.ts";

type ServerFacts = {
  enabled: boolean;
  authType: McpAuthType;
  oauthState: OAuthState;
  reason?: OAuthReason | null | undefined;
  reachability: ReachabilityState;
};

/**
 * The one word for a server's condition. A need to sign in comes before an outage: amber is for what
 * only the person can mend.
 */
export function describeServer(server: ServerFacts): { label: string; tone: Tone } {
  if (!server.enabled) return { label: "Turned off", tone: "off" };
  if (server.oauthState === "REAUTH_REQUIRED" || server.oauthState === "AUTHORIZING") {
    return describeAccount(server.oauthState, server.reason);
  }
  if (server.reachability === "UNREACHABLE") return { label: "Unreachable", tone: "bad" };
  if (server.authType === "UNKNOWN") return { label: "Not detected yet", tone: "off" };
  return stateWords[server.oauthState];
}

/** The one word for an account's condition. */
export function describeAccount(
  state: OAuthState,
  reason: OAuthReason | null | undefined,
): { label: string; tone: Tone } {
  return reason === "KEY_MISSING" || reason === "KEY_REJECTED"
    ? keyWords[reason]
    : stateWords[state];
}
