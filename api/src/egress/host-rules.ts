import { isIP } from "node:net";
import { classifyAddress } from "./address-rules.ts";

export interface HostPattern {
  readonly host: string;
  /** `*.host`: all names below it, but not the name itself. */
  readonly below: boolean;
}

/**
 * The host of a URL in the form used for comparison: lower case, without brackets or trailing dot.
 */
export function readHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.+$/g, "");
}

/** Parses `mcp.example.com`, `*.example.com` or an IP address; null if it is none of these. */
export function parseHostPattern(pattern: string): HostPattern | null {
  const text = pattern.trim();
  const below = text.startsWith("*.");
  const host = below ? text.slice(2) : text;
  if (host === "" || (/[\s/?#@*\\%]/.test(host) && !isIP(host))) return null;
  // The URL parser normalizes names as in readHost (case, punycode).
  const url = URL.parse(`http://${isIP(host) === 6 ? `[${host}]` : host}`);
  if (!url || url.port !== "" || (!isIP(host) && host.includes(":"))) return null;
  return { host: readHost(url), below };
}

/** An empty list allows all hosts. */
export function isHostAllowed(host: string, patterns: readonly HostPattern[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((it) => (it.below ? host.endsWith(`.${it.host}`) : host === it.host));
}

/** `localhost` and every name below it (RFC 6761 §6.3). */
export function isLocalhostName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

/** Decided by the URL only: a name that resolves to loopback is not a loopback URL. */
export function isLoopbackUrl(url: URL): boolean {
  const host = readHost(url);
  return isLocalhostName(host) || classifyAddress(host) === "LOOPBACK";
}
