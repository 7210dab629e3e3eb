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

/** The server for which requests are sent. */
export interface EgressScope {
  /**
   * The MCP server's own URL, also for other requests on its behalf (metadata, tokens, revocation).
   */
  serverUrl: string;
  limits?: Partial<EgressLimits>;
  /**
   * The server's custom headers. They are only sent to exactly `serverUrl`, and never to another
   * origin.
   */
  headers?: Readonly<Record<string, string>>;
  /**
   * Called on the open connection, just before the first byte of every request, including
   * redirects. If it throws, nothing is sent, and the fetch fails with that error.
   */
  beforeSend?: () => void;
}

export interface Egress {
  /**
   * The fetch for one MCP server. Loopback targets are only allowed if the policy allows them and
   * `serverUrl` is itself loopback. The allow-list and the address rules apply to every hop, with
   * at most five redirects. Fails with an `EgressError`, also while the body is read, or with the
   * caller's abort reason.
   */
  fetchFor(scope: EgressScope): Fetch;
  /**
   * Checks the URL of an MCP server as entered. Names are not resolved; that happens when
   * connecting.
   */
  checkUrl(text: string): UrlFault | null;
  /** Aborts all requests and closes all connections. */
  close(): Promise<void>;
}

/**
 * Sends all outgoing requests of Gatehouse.
 *
 * @param resolveHost resolves names to addresses; the default is the resolver of the operating
 * system
 * @throws {EgressPolicyError} if a network or host pattern is invalid
 */
export function createEgress(
  policy: EgressPolicy,
  resolveHost: ResolveHost = (host) => lookup(host, { all: true }),
): Egress {
  const compiled = compilePolicy(policy);
  // Two pools, so that a connection for a loopback server is never used for another server.
  const publicAgent = createGuardedAgent((it) => mayConnect(it, compiled, false), resolveHost);
  const loopbackAgent = createGuardedAgent((it) => mayConnect(it, compiled, true), resolveHost);

  return {
    fetchFor(scope) {
      const serverUrl = URL.parse(scope.serverUrl);
      const loopback = policy.allowLoopback && serverUrl !== null && isLoopbackUrl(serverUrl);
      return createGuardedFetch({
        limits: { ...DEFAULT_LIMITS, ...scope.limits },
        findFault: (url) => findUrlFault(url, compiled, loopback),
        // Decided by the target's own URL: a public name that resolves to loopback is an attack,
        // not a local setup.
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

/** Equal except for the fragment, which is never sent. */
function isSameTarget(url: URL, serverUrl: URL | null): boolean {
  if (!serverUrl) return false;
  return (
    url.origin === serverUrl.origin &&
    url.pathname === serverUrl.pathname &&
    url.search === serverUrl.search
  );
}
