import type { McpServer } from "@gatehouse/prisma";
import { freshForMs } from "#oauth/refresh-need.ts";
import type { CallRows, KnownGrant } from "./call-caches.ts";
import { keyOfAccount } from "./account-key.ts";

/** An access token, and what it is of. */
export interface SentToken {
  token: string;
  version: number;
  grantId: string;
}

/** An access token as it was read or renewed just now. */
export interface ReadToken extends SentToken {
  /** From the moment of reading; null: unknown. */
  expiresInMs: number | null;
}

/**
 * Access tokens that need not be asked for again. Each is kept with the settings that it was read under, and only as long as its grant's
 * row is known not to have changed: whatever ends the knowledge of the row ends the token with it.
 */
export interface TokenMemory {
  /** Null: not sure to be the newest under the settings of `server`, or to be renewed soon; it is to be asked for then. */
  recall(server: McpServer, ownerId: string): { sent: SentToken; grant: KnownGrant } | null;
  /** To be begun before the token is asked for, so that a change that comes meanwhile is not overlooked. */
  prepare(server: McpServer, ownerId: string): Promise<{ keep(answer: ReadToken): void }>;
  /** The server refused it. */
  forget(server: McpServer, ownerId: string): void;
}

interface KeptToken {
  sent: SentToken;
  grant: KnownGrant;
  configVersion: number;
  /** On the monotonic clock. */
  dueAtMs: number;
}

export function createTokenMemory(
  rows: Pick<CallRows, "servers" | "grants">,
  clock: { monotonicMs(): number },
): TokenMemory {
  // By the very row that is kept: one that is read anew has none.
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
          // Another version is not the row's that is kept: it was renewed meanwhile, or could not be stored yet.
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
