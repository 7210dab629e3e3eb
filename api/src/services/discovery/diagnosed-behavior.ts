/** Names the known behavior of a server that a diagnosis met: a row of docs/compatibility.md. */
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import type { Findings } from "./diagnosis-advice.ts";

const byFault: Partial<Record<DiscoveryFault["code"], string>> = {
  ADDRESS_REDIRECTS: "I17",
  ISSUER_MISMATCH: "I16",
  RESOURCE_METADATA_INVALID: "MCP-AUTH-2",
  AUTHORIZATION_SERVER_UNNAMED: "MCP-AUTH-2",
  AUTHORIZATION_SERVER_NOT_LISTED: "MCP-AUTH-3",
  METADATA_MISSING: "MCP-AUTH-4",
  RESOURCE_MISMATCH: "MCP-AUTH-11",
  INSECURE_AUTHORIZATION_SERVER: "MCP-AUTH-17",
  INSECURE_ENDPOINT: "MCP-AUTH-17",
  PKCE_UNSUPPORTED: "MCP-AUTH-10",
};

const redirects = "I17";
const opensUntilCall = "D3";
const takesHeaders = "I2";
const registersNoClients = "C8";

/** All IDs that a diagnosis can name. */
export const diagnosedBehaviors: readonly string[] = [
  ...Object.values(byFault),
  redirects,
  opensUntilCall,
  takesHeaders,
  registersNoClients,
];

/**
 * The ID of the behavior, such as I16; null if the server behaves as the specifications say, or in
 * an unknown way.
 */
export function findBehavior({
  authType,
  probe,
  fault,
  clientRequired,
}: Pick<Findings, "authType" | "probe" | "fault" | "clientRequired">): string | null {
  if (probe.kind === "not-mcp" && probe.redirectsTo !== null) return redirects;
  if (fault) return byFault[fault.code] ?? null;
  if (authType === "HEADERS") return takesHeaders;
  if (clientRequired) return registersNoClients;
  return authType === "OAUTH" && probe.kind === "open" ? opensUntilCall : null;
}
