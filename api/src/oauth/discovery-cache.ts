import type { AuthorizationServer } from "./authorization-server.ts";
import type { Clock } from "./ports.ts";

/** Validated metadata by issuer, in memory. */
export interface DiscoveryCache {
  get(issuer: string): AuthorizationServer | null;
  set(metadata: AuthorizationServer): void;
  /**
   * Called after repeated rejections; otherwise it would never be noticed that the authorization
   * server has moved.
   */
  forget(issuer: string): void;
}

/**
 * @param options.maxEntries the oldest entry is removed first. The number is limited because third
 * parties choose issuers.
 */
export function createDiscoveryCache(options: {
  clock: Clock;
  ttlMs: number;
  maxEntries?: number;
}): DiscoveryCache {
  const { clock, ttlMs, maxEntries = 1_000 } = options;
  const entries = new Map<string, { metadata: AuthorizationServer; until: number }>();
  return {
    get(issuer) {
      const entry = entries.get(issuer);
      if (!entry) return null;
      if (clock.monotonicMs() < entry.until) return entry.metadata;
      entries.delete(issuer);
      return null;
    },
    set(metadata) {
      entries.delete(metadata.issuer);
      entries.set(metadata.issuer, { metadata, until: clock.monotonicMs() + ttlMs });
      const oldest = entries.keys().next();
      if (entries.size > maxEntries && !oldest.done) entries.delete(oldest.value);
    },
    forget(issuer) {
      entries.delete(issuer);
    },
  };
}
