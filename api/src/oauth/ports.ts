/**
 * The interfaces that the OAuth modules depend on. Implemented by `storage`, `egress` and, for
 * tests, `memory.ts`.
 */
import type { OAuthReason } from "./state.ts";

/**
 * `fetch` as the SDK's functions expect it. Its implementation guards redirects, addresses, sizes
 * and deadlines.
 */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export interface Clock {
  /** Milliseconds of a monotonic clock. Only differences are meaningful. */
  monotonicMs(): number;
}

/**
 * Resolves after `ms`. If the signal aborts, it ends immediately: it resolves, or rejects like
 * `node:timers/promises`.
 */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/**
 * The guarded fetch for the authorization server of one server. `beforeSend` is called on the open
 * connection just before the first byte, and nothing is sent if it throws: a process that was
 * paused while connecting must not send a refresh token late.
 */
export type GrantFetch = (serverId: string, beforeSend: () => void) => Promise<Fetch>;

/** A key with which a client authenticates itself (RFC 7523 §2.2). */
export interface SigningKey {
  /** PKCS #8 in PEM; secret. */
  privateKey: string;
  /** JWS `alg` (RFC 7518 §3.1), such as ES256. */
  algorithm: string;
}

/**
 * Signs an assertion that authenticates `clientId` in one request to `audience`. Null: the key
 * cannot be used for this. Injected, because it depends on the time of day and randomness.
 */
export type SignAssertion = (
  clientId: string,
  key: SigningKey,
  audience: string,
) => Promise<string | null>;

/**
 * AUTHORIZATION_CODE: a user consented. CLIENT_CREDENTIALS: the workspace authenticated as itself
 * (RFC 6749 §4.4).
 */
export type GrantType = "AUTHORIZATION_CODE" | "CLIENT_CREDENTIALS";

/** The client that a grant was issued to. Only this client may refresh or revoke it. */
export interface GrantClient {
  id: string;
  clientId: string;
  clientSecret: string | null;
  /** For private_key_jwt. */
  privateKey: string | null;
  signingAlgorithm: string | null;
  /** Exactly the registered method (RFC 7591 §2), never guessed. */
  tokenEndpointAuthMethod: string;
}

/** A grant with its decrypted secrets. It must never be stored, logged or returned in this form. */
export interface Grant {
  id: string;
  serverId: string;
  /** The id of the user, or of the workspace for a shared account. */
  ownerId: string;
  grantType: GrantType;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  /**
   * RFC 8707: byte for byte as first sent; null if the authorization server must not receive a
   * resource.
   */
  resource: string | null;
  /** The provider profile whose deviations apply; null: none. */
  profile: string | null;
  client: GrantClient;
  accessToken: string;
  /** Milliseconds until expiry when the grant was read, by the database's clock; null: unknown. */
  expiresInMs: number | null;
  /** The value of `expires_in`, in milliseconds. */
  lifetimeMs: number | null;
  refreshToken: string | null;
  /**
   * The requested scopes. Without a refresh token, the next token is requested with the same
   * scopes.
   */
  requestedScopes: string[];
  grantedScopes: string[];
  version: number;
  /**
   * Milliseconds since the last refresh that was caused by a rejection, by the database's clock;
   * null: none since this consent.
   */
  sinceRefusalMs: number | null;
  /**
   * Milliseconds until a refresh may be retried after a transient failure, by the database's clock;
   * 0: immediately.
   */
  retryInMs: number;
}

/** The result of reading a grant: usable, or the reason why the user must sign in again. */
export type GrantReading =
  | { kind: "usable"; grant: Grant }
  | { kind: "dead"; reason: OAuthReason }
  | { kind: "gone" };

/** The lease with the grant as read under it, or the reason why there is no lease. */
export type LeaseAnswer =
  | {
      kind: "leased";
      /** As read under the lease. */
      grant: Grant;
      /**
       * Whether the previous holder's lease expired with `sentVersion = version`: it may have sent
       * this refresh token.
       */
      inDoubt: boolean;
      /** The id of this lease. Every later write under another lease is rejected. */
      leaseId: string;
    }
  /** Another process holds the lease, or the delay after a transient failure is not over. */
  | { kind: "held"; waitMs: number }
  /** The grant has newer tokens, has ended or does not exist: no refresh is needed. */
  | { kind: "settled"; reading: GrantReading };

/**
 * Why a token is refreshed: it is about to expire, it was rejected with a 401, or in advance, so
 * that no call has to wait. Rejections are counted, so that a failing server causes few requests.
 */
export type RefreshCause = "due" | "refused" | "background";

/** The properties of a refresh that are logged. */
export interface RefreshCircumstances {
  cause: RefreshCause;
  /** The time from sending the token request to its response, in milliseconds. */
  durationMs: number;
  /** Whether the server accepted the request only without `resource`, so that later ones leave it out. */
  refusesResource: boolean;
}

/**
 * The tokens to store after a refresh. Values that the response omitted are null, and the old
 * values are kept (RFC 6749 §6).
 */
export interface IssuedTokens {
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds from the response until expiry. Null: the response did not contain it. */
  expiresInMs: number | null;
  /**
   * The same for the refresh token. Null keeps the old value, but only together with the old
   * refresh token.
   */
  refreshExpiresInMs: number | null;
  scopes: string[] | null;
}

/**
 * Grants in the database. Times are by the database's clock. Leases are columns of the grant's row,
 * so no connection is held while waiting. Every method throws only if the database is unavailable.
 */
export interface GrantStore {
  read(grantId: string): Promise<GrantReading>;
  /**
   * Takes the lease unless the stored version is newer than `version`. The same statement writes
   * `sentVersion = version`, before anything is sent.
   */
  takeLease(grantId: string, version: number, ttlMs: number): Promise<LeaseAnswer>;
  /**
   * Compares the version, stores the tokens with the next version, ends the lease and appends one
   * event. `superseded`: the grant was replaced in the meantime, and the tokens are discarded.
   * `gone`: the grant was deleted or has ended; no grant has the new tokens, and they must be
   * revoked.
   */
  storeTokens(
    grantId: string,
    version: number,
    tokens: IssuedTokens,
    circumstances: RefreshCircumstances,
  ): Promise<"stored" | "superseded" | "gone">;
  /**
   * Compares the version, marks the grant as ended, and appends one event. False if another process
   * was first.
   */
  markDead(grantId: string, version: number, reason: OAuthReason): Promise<boolean>;
  /**
   * Gives the lease back without a result. `retryInMs`: the time before which no process may try
   * again.
   */
  release(grantId: string, leaseId: string, retryInMs: number): Promise<void>;
  /**
   * Resolves when the grant may have changed, or after `timeoutMs`. It may resolve without a
   * change, so read the grant again.
   */
  changed(grantId: string, timeoutMs: number): Promise<void>;
}
