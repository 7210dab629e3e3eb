import type { McpServer, OAuthGrant } from "@gatehouse/prisma";

/** A workspace that is to connect as itself, and neither was told not to nor is refused. */
export function connectsItself(
  server: McpServer,
  grant: Pick<OAuthGrant, "state" | "reason"> | null,
): boolean {
  if (server.oauthGrantType !== "CLIENT_CREDENTIALS") return false;
  if (server.authType !== "OAUTH" || !server.enabled) return false;
  if (!grant) return true;
  const { state, reason } = grant;
  return state === "DISCONNECTED" && (reason === "NOT_CONNECTED" || reason === "SETTINGS_CHANGED");
}
