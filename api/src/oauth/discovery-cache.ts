import { LRUCache } from "lru-cache";
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
 * @param options.maxEntries the number is limited because third parties choose issuers
 */
export function createDiscoveryCache(options: {
  clock: Clock;
  ttlMs: number;
  maxEntries?: number;
}): DiscoveryCache {
  const { clock, ttlMs, maxEntries = 1_000 } = options;
  const entries = new LRUCache<string, AuthorizationServer>({
    max: maxEntries,
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
  });
  return {
    get: (issuer) => entries.get(issuer) ?? null,
    set: (metadata) => void entries.set(metadata.issuer, metadata),
    forget: (issuer) => void entries.delete(issuer),
  };
}
