import { lookup } from "node:dns/promises";
import { compilePolicy, mayConnect } from "./egress-policy.ts";
import type { EgressPolicy } from "./egress-policy.ts";
import { DEFAULT_LIMITS } from "./egress-limits.ts";
import type { EgressLimits } from "./egress-limits.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import type { ResolveHost } from "./guarded-agent.ts";
import { createGuardedFetch } from "./guarded-fetch.ts";
import type { Fetch } from "./guarded-fetch.ts";
import { isLoopbackUrl } from "./host-rules.ts";
import { findUrlFault } from "./url-rules.ts";
import type { UrlFault } from "./url-rules.ts";

export type { EgressErrorCode, Sent } from "./egress-error.ts";
export { EgressPolicyError } from "./egress-policy.ts";
export type { EgressPolicy, EgressLimits, Fetch, ResolveHost, UrlFault };
export type { UrlFaultCode } from "./url-rules.ts";

/** On whose behalf requests go out. */
export interface EgressScope {
  /** The MCP server's own URL, whatever else is fetched for it (metadata, tokens, revocation). */
  serverUrl: string;
  limits?: Partial<EgressLimits>;
  /** The server's custom headers: sent to exactly `serverUrl`, and never to another origin. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Runs on the open connection, just before the first byte of every request (redirects too). What
   * it throws comes out of the fetch as it is, and nothing was sent.
   */
  beforeSend?: () => void;
}

export interface Egress {
  /**
   * The fetch for one MCP server. Loopback targets only when the policy allows them and `serverUrl`
   * is loopback itself; allow-list and address guard at every hop; at most five redirects.
   * Fails with an `EgressError`, also while the body is read, or with the caller's abort reason.
   */
  fetchFor(scope: EgressScope): Fetch;
  /** Judges an MCP server's URL as a person typed it. Names are not resolved: that is for connect. */
  checkUrl(text: string): UrlFault | null;
  /** Breaks off whatever is under way and closes every connection. */
  close(): Promise<void>;
}

/**
 * Everything that leaves Gatehouse leaves here.
 *
 * @param resolveHost how names become addresses; by default the system's resolver
 * @throws {EgressPolicyError} when a network or host pattern cannot be read
 */
export function createEgress(
  policy: EgressPolicy,
  resolveHost: ResolveHost = (host) => lookup(host, { all: true }),
): Egress {
  const compiled = compilePolicy(policy);
  // Two pools, so that no connection made for a loopback server serves any other.
  const publicAgent = createGuardedAgent((it) => mayConnect(it, compiled, false), resolveHost);
  const loopbackAgent = createGuardedAgent((it) => mayConnect(it, compiled, true), resolveHost);

  return {
    fetchFor(scope) {
      const serverUrl = URL.parse(scope.serverUrl);
      const loopback = policy.allowLoopback && serverUrl !== null && isLoopbackUrl(serverUrl);
      return createGuardedFetch({
        limits: { ...DEFAULT_LIMITS, ...scope.limits },
        findFault: (url) => findUrlFault(url, compiled, loopback),
        // By the target's own URL: a public name that resolves to loopback is a trick, not a setup.
        pickAgent: (url) => (loopback && isLoopbackUrl(url) ? loopbackAgent : publicAgent),
        extraHeaders: (url) => (isSameTarget(url, serverUrl) ? (scope.headers ?? {}) : {}),
        beforeSend: scope.beforeSend,
      });
    },
    checkUrl: (text) => findUrlFault(text, compiled, policy.allowLoopback),
    async close() {
      await Promise.all([publicAgent.destroy(), loopbackAgent.destroy()]);
    },
  };
}

/** Equal but for the fragment, which is never sent. */
function isSameTarget(url: URL, serverUrl: URL | null): boolean {
  if (!serverUrl) return false;
  return (
    url.origin === serverUrl.origin &&
    url.pathname === serverUrl.pathname &&
    url.search === serverUrl.search
  );
}
