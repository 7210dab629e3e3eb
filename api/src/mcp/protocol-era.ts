/** Remembers which era a server speaks, to spare the negotiation on every connection. Holds nothing that one account alone may see. */

/** `modern`: revision 2026-07-28 and later, no sessions. `legacy`: the `initialize` handshake before it. */
export type Era = "modern" | "legacy";

/** The era of a protocol version; versions are dates, and none at all is legacy. */
export function eraOf(protocolVersion: string | undefined): Era {
  return protocolVersion !== undefined && protocolVersion >= "2026-07-28" ? "modern" : "legacy";
}

/** The lists that a server may say the changes of. */
export type ListName = "tools" | "resources" | "prompts";

export interface EraVerdict {
  era: Era;
  protocolVersion: string;
  /** The server speaks nothing newer than HTTP+SSE (MCP 2024-11-05). */
  overSse?: true;
  /** The lists that a modern server says the changes of. */
  tellsChangesOf?: readonly ListName[];
}

export interface EraCache {
  get(url: string): EraVerdict | null;
  set(url: string, verdict: EraVerdict): void;
  /** The verdict proved wrong: the next connection negotiates again. */
  forget(url: string): void;
}

/**
 * Keyed by origin and path: gateways host servers of both eras on one origin. The oldest of `maxEntries` gives way, and a verdict
 * is asked for again after `ttlMs`, because a server that learns the newer revision still answers `initialize`.
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
  const entries = new Map<string, { verdict: EraVerdict; until: number }>();
  return {
    get(url) {
      const key = keyOf(url);
      const entry = entries.get(key);
      if (!entry) return null;
      if (entry.until > monotonicMs()) return entry.verdict;
      entries.delete(key);
      return null;
    },
    set(url, verdict) {
      const key = keyOf(url);
      entries.delete(key);
      entries.set(key, { verdict, until: monotonicMs() + ttlMs });
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break;
        entries.delete(oldest);
      }
    },
    forget(url) {
      entries.delete(keyOf(url));
    },
  };
}

function keyOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
