/**
 * Caches which protocol era a server supports, which avoids negotiation on every connection. Contains no information that is specific to an
 * account.
 */

import { LRUCache } from "lru-cache";

/** `modern`: revision 2026-07-28 and later, without sessions. `legacy`: earlier revisions, with the `initialize` handshake. */
export type Era = "modern" | "legacy";

/** Returns the era of a protocol version. Versions are dates; a missing version is legacy. */
export function eraOf(protocolVersion: string | undefined): Era {
  return protocolVersion !== undefined && protocolVersion >= "2026-07-28" ? "modern" : "legacy";
}

/** The lists for which a server can announce changes. */
export type ListName = "tools" | "resources" | "prompts";

export interface EraVerdict {
  era: Era;
  protocolVersion: string;
  /** Set if the server supports only HTTP+SSE (MCP 2024-11-05). */
  overSse?: true;
  /** The lists for which a modern server announces changes. */
  tellsChangesOf?: readonly ListName[];
}

export interface EraCache {
  get(url: string): EraVerdict | null;
  set(url: string, verdict: EraVerdict): void;
  /** Removes an entry that proved wrong, so that the next connection negotiates again. */
  forget(url: string): void;
}

/**
 * Entries are keyed by origin and path, because gateways host servers of both eras on one origin. Entries expire after `ttlMs`, because a server that is upgraded to a newer revision may still answer
 * `initialize`.
 */
export function createEraCache(options?: {
  maxEntries?: number;
  ttlMs?: number;
  monotonicMs?: () => number;
}): EraCache {
  const {
    maxEntries = 1_000,
    ttlMs = 600_000,
    monotonicMs = () => performance.now(),
  } = options ?? {};
  const entries = new LRUCache<string, EraVerdict>({
    max: maxEntries,
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: monotonicMs },
  });
  return {
    get: (url) => entries.get(keyOf(url)) ?? null,
    set: (url, verdict) => void entries.set(keyOf(url), verdict),
    forget: (url) => void entries.delete(keyOf(url)),
  };
}

function keyOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
