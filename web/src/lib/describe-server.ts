import type { McpAuthType, OAuthState, ReachabilityState } from "../graphql/generated/graphql.ts";
import { stateWords, type Tone } from "./words.ts";

type ServerFacts = {
  enabled: boolean;
  authType: McpAuthType;
  oauthState: OAuthState;
  reachability: ReachabilityState;
};

/**
 * The one word for a server's condition. A need to sign in comes before an outage: amber is for what
 * only the person can mend.
 */
export function describeServer(server: ServerFacts): { label: string; tone: Tone } {
  if (!server.enabled) return { label: "Turned off", tone: "off" };
  if (server.oauthState === "REAUTH_REQUIRED" || server.oauthState === "AUTHORIZING") {
    return stateWords[server.oauthState];
  }
  if (server.reachability === "UNREACHABLE") return { label: "Unreachable", tone: "bad" };
  if (server.authType === "UNKNOWN") return { label: "Not detected yet", tone: "off" };
  return stateWords[server.oauthState];
}
