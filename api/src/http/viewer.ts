import { createHash } from "node:crypto";
import { createConfirmedCache } from "#services/cache/confirmed-cache.ts";
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
  doRegularly(action: () => Promise<void>, everyMs: number): Disposable;
  pollMs?: number;
  /** Milliseconds of the wall clock, because expiry is a date. */
  now?: () => number;
  maxEntries?: number;
}

/** A request without an API token has a session cookie. */
interface Credential {
  token: string | null;
  headers: Headers;
  mayProlong: boolean;
}

/**
 * Resolves viewers with a small cache. Its keys are hashes of credentials, and ended credentials
 * are removed immediately. Must be disposed, because it checks its cache regularly.
 */
export function createViewerResolver(deps: ViewerResolverDeps): ViewerResolver & Disposable {
  const { auth, ttlMs = 1_000, surelyTtlMs = 60_000, now = Date.now, maxEntries = 10_000 } = deps;
  const { pollMs = 1_000 } = deps;
  const watches = createCredentialWatches({ readLive: deps.readLive, now });
  let endings = 0;
  /**
   * The number of ended credentials when each viewer was known to be valid: a watch that begins
   * later must not rely on an earlier result.
   */
  const knownAt = new WeakMap<Viewer, number>();
  const cache = createConfirmedCache<SessionReading, Credential>({
    async load(_key, { token, headers, mayProlong }) {
      const begunAt = endings;
      const reading =
        token === null
          ? await auth.readSession(headers, mayProlong)
          : { viewer: await deps.readApiToken(token), setCookies: [] };
      if (reading.viewer) knownAt.set(reading.viewer, begunAt);
      return reading;
    },
    isUsable: ({ viewer }) => viewer !== null && now() < (viewer.expiresAt?.getTime() ?? Infinity),
    isHearing: deps.isHearing,
    clock: { monotonicMs: now },
    sureForMs: 2 * pollMs,
    unheardForMs: ttlMs,
    maxAgeMs: surelyTtlMs,
    most: maxEntries,
  });

  function forget(isMeant: (viewer: Viewer) => boolean): void {
    endings += 1;
    cache.forget((_key, reading) => !reading?.viewer || isMeant(reading.viewer));
  }
  const stops = [
    deps.onEnded((id) => {
      forget(({ credentialId }) => id === null || credentialId === id);
      if (id === null) watches.confirmSoon(watches.list());
      else watches.end(id);
    }),
    deps.onMembersChanged((id) => forget(({ apiToken }) => apiToken?.workspaceId === id)),
  ];

  /**
   * Checks everything that is cached or open with one statement: a credential that ended without a
   * notification is removed from the cache, and its open connections end.
   */
  async function look(): Promise<void> {
    const lookedAtMs = now();
    const watched = watches.list();
    const cached = cache.listInUse().flatMap(({ viewer }) => viewer ?? []);
    const viewers = new Map(
      [...cached, ...watched.map(({ viewer }) => viewer)].map((viewer) => [
        viewer.credentialId,
        viewer,
      ]),
    );
    if (viewers.size === 0) return;
    const living = await deps.readLive([...viewers.values()]).catch((error: unknown) => {
      watches.endExpired();
      throw error;
    });
    watches.settle(watched, living);
    cache.confirm(lookedAtMs, ({ viewer }) => {
      const person = viewer && living.get(viewer.credentialId);
      return (
        person?.isMember === true && person.name === viewer?.name && person.email === viewer.email
      );
    });
  }
  const polling = deps.doRegularly(look, pollMs);

  return {
    async resolveViewer(headers, onSetCookie) {
      const token = readBearer(headers.get("authorization"));
      const cookie = token ?? readCookie(headers.get("cookie"), auth.sessionCookieName);
      if (cookie === null) return null;
      const mayProlong = token === null && onSetCookie !== undefined;
      const kind = token === null ? `cookie ${mayProlong}` : "token";
      const key = createHash("sha256").update(`${kind} ${cookie}`).digest("base64url");
      const cached = cache.recall(key)?.viewer;
      if (cached) {
        knownAt.set(cached, endings);
        return cached;
      }
      const reading = await cache.read(key, { token, headers, mayProlong });
      if (onSetCookie) reading?.setCookies.forEach(onSetCookie);
      return reading?.viewer ?? null;
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
