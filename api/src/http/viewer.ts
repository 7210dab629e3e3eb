import { createHash } from "node:crypto";

import type { Auth } from "./auth.ts";
import type { Person, SessionReading, Viewer } from "./viewer-identity.ts";
import { createCredentialWatches } from "./credential-watches.ts";

export interface ViewerResolver {
  /**
   * The viewer of a request's API token or session cookie; null when there is none, or nothing living behind it. A request with a
   * token is the token's alone, whatever cookie comes along.
   * @param onSetCookie given by whoever can answer with `Set-Cookie`: only then may the session be prolonged, or its dead cookie
   * be taken back, for a session that lives longer than its cookie helps nobody.
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
   * Calls back once when a viewer has lost every right although the credential still lives: the owner of an API token has left its
   * workspace. Returns a function that stops the watch.
   */
  watchRight(viewer: Viewer, onLost: () => void): () => void;
}

export interface ViewerResolverDeps {
  auth: Pick<Auth, "readSession" | "sessionCookieName">;
  /** The viewer for whom an API token acts; null for one that is no good. */
  readApiToken(token: string): Promise<Viewer | null>;
  /**
   * Calls back when a session or token ended, in any process; with null when a notification may have been lost. Returns a function that
   * ends the subscription.
   */
  onEnded(listener: (credentialId: string | null) => void): () => void;
  watchRight: ViewerResolver["watchRight"];
  /** The same with a workspace whose members changed: a token acts for a member alone. */
  onMembersChanged(listener: (workspaceId: string | null) => void): () => void;
  /** Whether word of an end is sure to arrive. */
  isHearing(): boolean;
  /** Who is behind those of the viewers' credentials that live, as it is stored now, by the credential's id. */
  readLive(viewers: readonly Viewer[]): Promise<ReadonlyMap<string, Person>>;
  /** How long an answer is kept while word of an end may not arrive: reading a session costs two statements. */
  ttlMs?: number;
  /** How long while it is sure to: a session that is due is prolonged when it is read. */
  surelyTtlMs?: number;
  /** Does something again and again, until disposed: what is kept is looked at so, behind the word of an end, which may be lost. */
  doRegularly(turn: () => Promise<void>, everyMs: number): Disposable;
  pollMs?: number;
  /** Milliseconds of the wall clock, as expiry is a date. */
  now?: () => number;
  maxEntries?: number;
}

interface Entry {
  viewer: Viewer;
  readAtMs: number;
  /** When it was last known to live. */
  sureAtMs: number;
  expiresAtMs: number;
}

interface Reading {
  beganAtMs: number;
  /** How much had ended when it began. */
  endings: number;
  answer: Promise<SessionReading>;
}

/**
 * Resolves viewers, with a small cache keyed by the hash of the credential and emptied of it the moment it ends. To be disposed of, as
 * it looks at what it keeps.
 */
export function createViewerResolver(deps: ViewerResolverDeps): ViewerResolver & Disposable {
  const { auth, ttlMs = 1_000, surelyTtlMs = 60_000, now = Date.now, maxEntries = 10_000 } = deps;
  const { pollMs = 1_000 } = deps;
  const cache = new Map<string, Entry>();
  const readings = new Map<string, Reading>();
  const watches = createCredentialWatches({ readLive: deps.readLive, now });
  // Counts what ended, so that a read which began before does not put it back.
  let endings = 0;
  /** The count when each viewer was known to live: a watch that begins later must not rely on an earlier answer. */
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
   * Confirms everything that is cached or open with one statement: a credential that ended without a notification is forgotten, and what is
   * open under it ends.
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

  /** One for all who ask at the same time, but for those who ask after something ended. */
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
      // Something ended between the reading of the credential and this watch: it may have been this one.
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
 * Whether a request sent an `Authorization` that is not a valid API token. Such a request is an error, whatever it selects: its sender
 * believes to be authenticated. A session cookie that has ended makes a request anonymous instead.
 */
export function hasInvalidToken(headers: Headers, viewer: Viewer | null): boolean {
  return viewer === null && headers.has("authorization");
}

/** RFC 6750 §2.1. */
function readBearer(header: string | null): string | null {
  return header === null ? null : (/^Bearer +(\S+) *$/i.exec(header)?.[1] ?? "");
}

/** The value of one cookie (RFC 6265 §5.4), as it was sent. */
function readCookie(header: string | null, name: string): string | null {
  for (const pair of header?.split(";") ?? []) {
    const separator = pair.indexOf("=");
    if (separator > 0 && pair.slice(0, separator).trim() === name) {
      return pair.slice(separator + 1).trim();
    }
  }
  return null;
}
