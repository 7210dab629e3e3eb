import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import type { Discovery } from "#oauth/discovery.ts";

/** What was detected about a URL without credentials. */
export interface Detection {
  /** UNKNOWN: there was no response that an MCP server would send. */
  authType: "UNKNOWN" | "NONE" | "HEADERS" | "OAUTH";
  reachable: boolean;
  /** Whether Gatehouse is not allowed to connect to the address. */
  forbidden: boolean;
  /** One sentence for the user. */
  message: string;
  /** Set for OAUTH, unless discovery failed; `message` then describes the failure. */
  discovery: Discovery | null;
  /**
   * Further usable authorization servers, in the order listed; empty unless all of them were
   * requested.
   */
  others: Discovery[];
  /** The address that the URL redirects to, if an MCP server responds there. Otherwise null. */
  suggestedUrl: string | null;
}

/** A detection together with the findings that it is based on. */
export interface Inspection extends Detection {
  probe: ProbeAnswer;
  /** Why the OAuth that the server requires cannot be used. */
  fault: DiscoveryFault | null;
}
