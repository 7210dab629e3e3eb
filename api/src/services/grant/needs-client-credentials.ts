import type { McpServer, OAuthGrant } from "@gatehouse/prisma";

/** Whether the workspace should connect this account with client credentials: it was neither disconnected by a user nor rejected. */
export function needsClientCredentials(
  server: McpServer,
  grant: Pick<OAuthGrant, "state" | "reason"> | null,
): boolean {
  if (server.oauthGrantType !== "CLIENT_CREDENTIALS") return false;
  if (server.authType !== "OAUTH" || !server.enabled) return false;
  if (!grant) return true;
  const { state, reason } = grant;
  return state === "DISCONNECTED" && (reason === "NOT_CONNECTED" || reason === "SETTINGS_CHANGED");
}
