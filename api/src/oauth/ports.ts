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

/** A key with which a client proves itself (RFC 7523 §2.2). */
export interface SigningKey {
  /** PKCS #8 in PEM; secret. */
  privateKey: string;
  /** JWS `alg` (RFC 7518 §3.1), such as ES256. */
  algorithm: string;
}

/**
 * Signs an assertion that `clientId` is who it says, fit for one request to `audience`. Null: the key cannot sign so. Given, because it
 * takes the time of day and randomness.
 */
export type SignAssertion = (
  clientId: string,
  key: SigningKey,
  audience: string,
) => Promise<string | null>;

/** AUTHORIZATION_CODE: a person consented. CLIENT_CREDENTIALS: the workspace authenticated as itself (RFC 6749 §4.4). */
export type GrantType = "AUTHORIZATION_CODE" | "CLIENT_CREDENTIALS";

/** The client with which a grant was made; the only one that may refresh or revoke it. */
export interface GrantClient {
  id: string;
  clientId: string;
  clientSecret: string | null;
  /** For private_key_jwt. */
  privateKey: string | null;
  signingAlgorithm: string | null;
  /** Exactly the registered one (RFC 7591 §2), never guessed. */
  tokenEndpointAuthMethod: string;
}

/** A grant with its secrets open. Never stored, logged or returned as it is. */
export interface Grant {
  id: string;
  serverId: string;
  /** The user's id, or the workspace's for a shared account. */
  ownerId: string;
  grantType: GrantType;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  /** RFC 8707, byte for byte as first sent; null when the authorization server is not to be sent one. */
  resource: string | null;
  /** The provider profile whose deviations hold; null: none. */
  profile: string | null;
  client: GrantClient;
  accessToken: string;
  /** By the database's clock: milliseconds until expiry at the moment of reading, null when unknown. */
  expiresInMs: number | null;
  /** What `expires_in` said, in milliseconds. */
  lifetimeMs: number | null;
  refreshToken: string | null;
  /** What was asked for; without a refresh token the next token is asked for with them again. */
  requestedScopes: string[];
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

/**
 * Why a token is renewed: its time, a 401 that refused it, or that nobody shall wait when its time comes. Refusals are counted, so that
 * a server in trouble costs little.
 */
export type RefreshCause = "due" | "refused" | "background";

/** What the log tells of a refresh. */
export interface RefreshCircumstances {
  cause: RefreshCause;
  /** From before the token request was sent to its answer, in milliseconds. */
  durationMs: number;
}

/** Tokens to store after a refresh. What the answer omitted is null here and keeps the old (RFC 6749 §6). */
export interface RenewedTokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds from the moment of the answer. Null: the answer had none. */
  expiresInMs: number | null;
  /** The same for the refresh token. Null keeps the old one only together with the old refresh token. */
  refreshExpiresInMs: number | null;
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
   * Compare-and-swap on version, which grows by one; ends the lease; one event. `superseded`: replaced meanwhile, discard. `gone`:
   * deleted, ended or dead by now; no grant holds the new tokens, and they must be revoked.
   */
  storeTokens(
    grantId: string,
    version: number,
    tokens: RenewedTokens,
    circumstances: RefreshCircumstances,
  ): Promise<"stored" | "superseded" | "gone">;
  /** Compare-and-swap on version: tombstone, one event. False when someone else was first. */
  markDead(grantId: string, version: number, reason: OAuthReason): Promise<boolean>;
  /** Gives the lease back without an answer; `retryInMs` keeps everybody from trying again before. */
  release(grantId: string, leaseId: string, retryInMs: number): Promise<void>;
  /** Resolves when the grant may have changed, or after `timeoutMs`. A wake-up, not a promise: re-read. */
  changed(grantId: string, timeoutMs: number): Promise<void>;
}
