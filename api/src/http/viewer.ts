import { createHash } from "node:crypto";

import type { Auth } from "./auth.ts";
import type { Person, SessionReading, Viewer } from "./viewer-identity.ts";
import { createCredentialWatches } from "./credential-watches.ts";

export interface ViewerResolver {
  /**
   * Resolves the viewer of a request's API token or session cookie; null if there is none, or if it
   * is not valid. If a request has a token, its cookie is ignored.
   * @param onSetCookie set if the caller can respond with `Set-Cookie`. Only then is the session
   * extended, or the cookie of an ended session removed, because a session must not outlive its
   * cookie.
   */
  resolveViewer(
    headers: Headers,
    onSetCookie?: (setCookie: string) => void,
  ): Promise<Viewer | null>;
  /**
   * Watches the credential of an open connection, stream or download. Calls back once when it has ended (sign-out, revocation, expiry), in
   * any process: immediately if the notification arrives, otherwise within about a second. Returns a function that stops the watch.
   */
  watch(viewer: Viewer, onEnd: () => void): () => void;
  /**
   * Calls back once when a viewer has lost all permissions although the credential is still valid:
   * the owner of an API token has left its workspace. Returns a function that stops the watch.
   */
  watchRight(viewer: Viewer, onLost: () => void): () => void;
}

export interface ViewerResolverDeps {
  auth: Pick<Auth, "readSession" | "sessionCookieName">;
  /** The viewer that an API token acts on behalf of; null if the token is not valid. */
  readApiToken(token: string): Promise<Viewer | null>;
  /**
   * Calls back when a session or token ended, in any process; with null when a notification may have been lost. Returns a function that
   * ends the subscription.
   */
  onEnded(listener: (credentialId: string | null) => void): () => void;
  watchRight: ViewerResolver["watchRight"];
  /**
   * The same for a workspace whose members have changed, because tokens only act on behalf of
   * members.
   */
  onMembersChanged(listener: (workspaceId: string | null) => void): () => void;
  /** Whether notifications of ended credentials are known to arrive. */
  isHearing(): boolean;
  /**
   * Returns the current users of the viewers' credentials that are still valid, by the id of the
   * credential.
   */
  readLive(viewers: readonly Viewer[]): Promise<ReadonlyMap<string, Person>>;
  /**
   * How long a result is cached while notifications may not arrive, in milliseconds: reading a
   * session costs two statements.
   */
  ttlMs?: number;
  /**
   * How long a result is cached while notifications are known to arrive: a session that is due is
   * extended when it is read.
   */
  surelyTtlMs?: number;
  /**
   * Repeats an action until disposed. Used to check cached credentials regularly, because
   * notifications can be lost.
   */
  doRegularly(turn: () => Promise<void>, everyMs: number): Disposable;
  pollMs?: number;
  /** Milliseconds of the wall clock, because expiry is a date. */
  now?: () => number;
  maxEntries?: number;
}

interface Entry {
  viewer: Viewer;
  readAtMs: number;
  /** When it was last known to be valid. */
  sureAtMs: number;
  expiresAtMs: number;
}

interface Reading {
  beganAtMs: number;
  /** The value of `endings` when the read began. */
  endings: number;
  answer: Promise<SessionReading>;
}

/**
 * Resolves viewers with a small cache. Its keys are hashes of credentials, and ended credentials
 * are removed immediately. Must be disposed, because it checks its cache regularly.
 */
export function createViewerResolver(deps: ViewerResolverDeps): ViewerResolver & Disposable {
  const { auth, ttlMs = 1_000, surelyTtlMs = 60_000, now = Date.now, maxEntries = 10_000 } = deps;
  const { pollMs = 1_000 } = deps;
  const cache = new Map<string, Entry>();
  const readings = new Map<string, Reading>();
  const watches = createCredentialWatches({ readLive: deps.readLive, now });
  // Counts ended credentials, so that an earlier read does not put one back into the cache.
  let endings = 0;
  /**
   * The count when each viewer was known to be valid: a watch that begins later must not rely on an
   * earlier result.
   */
  const knownAt = new WeakMap<Viewer, number>();

  function forget(isMeant: (viewer: Viewer) => boolean): void {
    endings += 1;
    for (const [key, { viewer }] of cache) if (isMeant(viewer)) cache.delete(key);
  }
  const stops = [
    deps.onEnded((id) => {
      forget(({ credentialId }) => id === null || credentialId === id);
      if (id === null) watches.confirmSoon(watches.list());
      else watches.end(id);
    }),
    deps.onMembersChanged((id) => forget(({ apiToken }) => apiToken?.workspaceId === id)),
  ];

  function isFresh({ readAtMs, sureAtMs, expiresAtMs }: Entry): boolean {
    const nowMs = now();
    if (nowMs >= expiresAtMs) return false;
    if (nowMs < readAtMs + ttlMs) return true;
    return nowMs <= sureAtMs + 2 * pollMs && deps.isHearing();
  }

  /**
   * Checks everything that is cached or open with one statement: a credential that ended without a
   * notification is removed from the cache, and its open connections end.
   */
  async function look(): Promise<void> {
    const lookedAtMs = now();
    for (const [key, entry] of cache)
      if (lookedAtMs >= Math.min(entry.readAtMs + surelyTtlMs, entry.expiresAtMs))
        cache.delete(key);
    const before = [...cache];
    const watched = watches.list();
    const viewers = new Map(
      [...before.map(([, { viewer }]) => viewer), ...watched.map(({ viewer }) => viewer)].map(
        (viewer) => [viewer.credentialId, viewer],
      ),
    );
    if (viewers.size === 0) return;
    const living = await deps.readLive([...viewers.values()]).catch((error: unknown) => {
      watches.endExpired();
      throw error;
    });
    watches.settle(watched, living);
    for (const [key, entry] of before) {
      const person = living.get(entry.viewer.credentialId);
      const { name, email } = entry.viewer;
      if (person?.isMember && person.name === name && person.email === email)
        entry.sureAtMs = lookedAtMs;
      else if (cache.get(key) === entry) cache.delete(key);
    }
  }
  const polling = deps.doRegularly(look, pollMs);

  /** Concurrent callers share a read, except those that call after a credential has ended. */
  function read(key: string, begin: () => Promise<SessionReading>): Reading {
    const underWay = readings.get(key);
    if (underWay?.endings === endings) return underWay;
    const reading = {
      beganAtMs: now(),
      endings,
      answer: begin().finally(() => {
        if (readings.get(key) === reading) readings.delete(key);
      }),
    };
    readings.set(key, reading);
    return reading;
  }

  return {
    async resolveViewer(headers, onSetCookie) {
      const token = readBearer(headers.get("authorization"));
      const cookie = token ?? readCookie(headers.get("cookie"), auth.sessionCookieName);
      if (cookie === null) return null;
      const kind = token === null ? "cookie" : "token";
      const key = createHash("sha256").update(`${kind} ${cookie}`).digest("base64url");
      const hit = cache.get(key);
      if (hit && isFresh(hit)) {
        knownAt.set(hit.viewer, endings);
        return hit.viewer;
      }
      cache.delete(key);
      const mayProlong = onSetCookie !== undefined;
      const reading = read(`${key} ${mayProlong}`, async () =>
        token === null
          ? auth.readSession(headers, mayProlong)
          : { viewer: await deps.readApiToken(token), setCookies: [] },
      );
      const { viewer, setCookies } = await reading.answer;
      if (onSetCookie) setCookies.forEach(onSetCookie);
      if (viewer) knownAt.set(viewer, reading.endings);
      if (viewer && endings === reading.endings) {
        const oldest = cache.size < maxEntries ? undefined : cache.keys().next().value;
        if (oldest !== undefined) cache.delete(oldest);
        const expiresAtMs = viewer.expiresAt?.getTime() ?? Infinity;
        const { beganAtMs: readAtMs } = reading;
        cache.set(key, { viewer, readAtMs, sureAtMs: readAtMs, expiresAtMs });
      }
      return viewer;
    },
    watch(viewer, onEnd) {
      const watch = { viewer, onEnd };
      const stop = watches.add(watch);
      // A credential ended between reading this one and starting the watch: it may have been this
      // one.
      if (knownAt.get(viewer) !== endings) watches.confirmSoon([watch]);
      return stop;
    },
    watchRight: deps.watchRight,
    [Symbol.dispose]() {
      for (const stop of stops) stop();
      polling[Symbol.dispose]();
    },
  };
}

/**
 * Whether a request has an `Authorization` header without a valid API token. Such a request is an
 * error, whatever it selects, because its sender expects to be authenticated. With the cookie of an
 * ended session, however, a request is anonymous.
 */
export function hasInvalidToken(headers: Headers, viewer: Viewer | null): boolean {
  return viewer === null && headers.has("authorization");
}

/** RFC 6750 §2.1. */
function readBearer(header: string | null): string | null {
  return header === null ? null : (/^Bearer +(\S+) *$/i.exec(header)?.[1] ?? "");
}

/** The raw value of one cookie (RFC 6265 §5.4). */
function readCookie(header: string | null, name: string): string | null {
  for (const pair of header?.split(";") ?? []) {
    const separator = pair.indexOf("=");
    if (separator > 0 && pair.slice(0, separator).trim() === name) {
      return pair.slice(separator + 1).trim();
    }
  }
  return null;
}
