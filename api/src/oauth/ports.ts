/** Everything that the authorization lifecycle needs from outside. Implemented by `storage`, `egress` and, for tests, `memory.ts`. */
import type { OAuthReason } from "./state.ts";

/** `fetch` as the SDK's low-level functions take it; redirects, addresses, sizes and deadlines are guarded behind it. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export interface Clock {
  /** Milliseconds of a monotonic clock; only differences mean anything. */
  monotonicMs(): number;
}

/** Resolves after `ms`. When the signal aborts it ends at once: it resolves, or rejects as `node:timers/promises` does. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/**
 * The guarded fetch for one server's authorization server. `beforeSend` runs on the open connection just before the first byte, and
 * nothing is sent when it throws: a process that was paused while connecting must not send a refresh token late.
 */
export type GrantFetch = (serverId: string, beforeSend: () => void) => Promise<Fetch>;

/** The client with which a grant was made; the only one that may refresh or revoke it. */
export interface GrantClient {
  id: string;
  clientId: string;
  clientSecret: string | null;
  /** Exactly the registered one (RFC 7591 §2), never guessed. */
  tokenEndpointAuthMethod: string;
}

/** A grant with its secrets open. Never stored, logged or returned as it is. */
export interface Grant {
  id: string;
  serverId: string;
  /** The user's id, or the workspace's for a shared account. */
  ownerId: string;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  /** RFC 8707, byte for byte as first sent; null when the authorization server is not to be sent one. */
  resource: string | null;
  client: GrantClient;
  accessToken: string;
  /** By the database's clock: milliseconds until expiry at the moment of reading, null when unknown. */
  expiresInMs: number | null;
  /** What `expires_in` said, in milliseconds. */
  lifetimeMs: number | null;
  refreshToken: string | null;
  grantedScopes: string[];
  version: number;
  /** By the database's clock: milliseconds since a refresh was last begun because of a refusal; null: never for these consents. */
  sinceRefusalMs: number | null;
  /** By the database's clock: milliseconds until a refresh may be tried again after a transient failure; 0 when at once. */
  retryInMs: number;
}

/** What can be read of a grant: usable, or the reason why only a person can help. */
export type GrantReading =
  | { kind: "usable"; grant: Grant }
  | { kind: "dead"; reason: OAuthReason }
  | { kind: "gone" };

/** Why no lease was given, or the lease with what was read inside it. */
export type LeaseAnswer =
  | {
      kind: "leased";
      /** Read inside the lease. */
      grant: Grant;
      /** The previous holder's lease ran out with `sentVersion = version`: it may have sent this refresh token. */
      inDoubt: boolean;
      /** Names this lease; every later write is refused under another one. */
      leaseId: string;
    }
  /** Someone else holds it, or a transient failure asks to wait. */
  | { kind: "held"; waitMs: number }
  /** Newer tokens, a dead grant or none: the matter has ended. */
  | { kind: "settled"; reading: GrantReading };

/** Why a token is renewed: its time, or a 401 that refused it. Refusals are counted, so that a server in trouble costs little. */
export type RefreshCause = "due" | "refused";

/** Tokens to store after a refresh. What the answer omitted is null here and keeps the old (RFC 6749 §6). */
export interface RenewedTokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds from the moment of the answer. Null: the answer had none. */
  expiresInMs: number | null;
  scopes: string[] | null;
}

/**
 * Grants in the database. Times are the database's; leases are columns of the grant's row, so no connection is held while waiting.
 * Every method throws only when the database is out of reach.
 */
export interface GrantStore {
  read(grantId: string): Promise<GrantReading>;
  /**
   * Takes the lease unless the stored version is newer than `version`, and writes `sentVersion = version` in the same statement,
   * before anything is sent.
   */
  takeLease(
    grantId: string,
    version: number,
    ttlMs: number,
    cause: RefreshCause,
  ): Promise<LeaseAnswer>;
  /**
   * Compare-and-swap on version, which grows by one; ends the lease. `superseded`: replaced meanwhile, discard. `gone`: deleted, the new
   * tokens must be revoked.
   */
  storeTokens(
    grantId: string,
    version: number,
    tokens: RenewedTokens,
  ): Promise<"stored" | "superseded" | "gone">;
  /** Compare-and-swap on version: tombstone, one event. False when someone else was first. */
  markDead(grantId: string, version: number, reason: OAuthReason): Promise<boolean>;
  /** Gives the lease back without an answer; `retryInMs` keeps everybody from trying again before. */
  release(grantId: string, leaseId: string, retryInMs: number): Promise<void>;
  /** Resolves when the grant may have changed, or after `timeoutMs`. A wake-up, not a promise: re-read. */
  changed(grantId: string, timeoutMs: number): Promise<void>;
}
