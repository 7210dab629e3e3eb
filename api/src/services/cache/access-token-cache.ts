import type { McpServer } from "@gatehouse/prisma";
import { freshForMs } from "#oauth/refresh-need.ts";
import type { CallCaches, KnownGrant } from "./call-caches.ts";
import { keyOfAccount } from "./account-key.ts";

/** An access token and the version of the grant that it belongs to. */
export interface SentToken {
  token: string;
  version: number;
  grantId: string;
}

/** An access token that was just read or refreshed. */
export interface ReadToken extends SentToken {
  /** The remaining lifetime at the time of reading, in milliseconds. Null if it is not known. */
  expiresInMs: number | null;
}

/**
 * A cache of access tokens. A token is cached together with the server's configuration version at the time of reading, and only while the
 * cached row of its grant is confirmed to be current: when the row is invalidated, the token is invalidated with it.
 */
export interface AccessTokenCache {
  /**
   * Returns the cached token, or null if it may not be the newest for the settings of `server` or is due for a refresh. The caller must
   * then read it.
   */
  recall(server: McpServer, ownerId: string): { sent: SentToken; grant: KnownGrant } | null;
  /** Must be called before the token is read, so that a change during the read is detected and the token is not cached. */
  prepare(server: McpServer, ownerId: string): Promise<{ keep(answer: ReadToken): void }>;
  /** Removes the token after the server rejected it. */
  forget(server: McpServer, ownerId: string): void;
}

interface KeptToken {
  sent: SentToken;
  grant: KnownGrant;
  configVersion: number;
  /** The time at which the token is due for a refresh, on the monotonic clock. */
  dueAtMs: number;
}

export function createAccessTokenCache(
  rows: Pick<CallCaches, "servers" | "grants">,
  clock: { monotonicMs(): number },
): AccessTokenCache {
  // Keyed by the cached row object itself. A row that has been read again is a different object, so it has no token here.
  const tokens = new WeakMap<KnownGrant, KeptToken>();

  return {
    recall({ id, configVersion }, ownerId) {
      const grant = rows.grants.recall(keyOfAccount(id, ownerId));
      const kept = grant && tokens.get(grant);
      if (!kept || kept.configVersion !== configVersion || clock.monotonicMs() >= kept.dueAtMs)
        return null;
      return rows.servers.recall(id)?.server.configVersion === configVersion ? kept : null;
    },

    async prepare({ id, configVersion }, ownerId) {
      const [grant] = await Promise.all([
        rows.grants.readToKeep(keyOfAccount(id, ownerId)),
        rows.servers.readToKeep(id),
      ]);
      const askedAtMs = clock.monotonicMs();
      return {
        keep({ expiresInMs, ...sent }) {
          // A different version means that the grant was refreshed after the row was read, or that the new token could not be stored yet.
          if (grant?.id !== sent.grantId || grant.version !== sent.version) return;
          const lifetimeMs = grant.accessTokenLifetimeMs;
          const dueAtMs = askedAtMs + freshForMs({ expiresInMs, lifetimeMs });
          tokens.set(grant, { sent, grant, configVersion, dueAtMs });
        },
      };
    },

    forget({ id }, ownerId) {
      const key = keyOfAccount(id, ownerId);
      rows.grants.forget((other) => other === key);
    },
  };
}
