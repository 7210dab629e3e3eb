import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import type { Discovery } from "#oauth/discovery.ts";

/** What was learnt about a URL without credentials. */
export interface Detection {
  /** UNKNOWN: nothing answered as an MCP server does. */
  authType: "UNKNOWN" | "NONE" | "HEADERS" | "OAUTH";
  reachable: boolean;
  /** The address is one that Gatehouse may not go to. */
  forbidden: boolean;
  /** One sentence for a person. */
  message: string;
  /** With OAUTH, unless discovery broke: then `message` says where. */
  discovery: Discovery | null;
  /** Further authorization servers that work, in the order listed; empty unless all were asked for. */
  others: Discovery[];
}

/** The same with what it was concluded from. */
export interface Inspection extends Detection {
  probe: ProbeAnswer;
  /** Why OAuth that the server asks for cannot be used. */
  fault: DiscoveryFault | null;
}
