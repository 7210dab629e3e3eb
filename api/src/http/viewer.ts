import { createHash } from "node:crypto";

import type { Auth } from "./auth.ts";

/** Who calls, by which credential, and until when. */
export interface Viewer {
  userId: string;
  name: string;
  email: string;
  /** The session's id, or the API token's. */
  credentialId: string;
  /** Null: an API token that lives until it is revoked. */
  expiresAt: Date | null;
  /** Absent when the person is signed in. */
  apiToken?: { id: string; workspaceId: string; scope: "READ" | "EXECUTE" | "MANAGE" };
}

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
   * Calls back when a session or token ended (sign-out, revoked, expired), in whichever process; with null when one may have ended
   * unheard. Returns what ends the subscription.
   */
  onEnded(listener: (credentialId: string | null) => void): () => void;
  /**
   * Calls back once when a viewer has lost every right although the credential still lives: the owner of an API token has left its
   * workspace. Returns what ends the watch.
   */
  watchRight(viewer: Viewer, onLost: () => void): () => void;
}

export interface ViewerResolverDeps {
  auth: Pick<Auth, "readSession" | "sessionCookieName">;
  /** The viewer for whom an API token acts; null for one that is no good. */
  readApiToken(token: string): Promise<Viewer | null>;
  /** The channel that reaches all processes. */
  onEnded: ViewerResolver["onEnded"];
  watchRight: ViewerResolver["watchRight"];
  /** How long an answer is kept: reading a session costs two statements. */
  ttlMs?: number;
  /** Milliseconds of the wall clock, as expiry is a date. */
  now?: () => number;
  maxEntries?: number;
}

interface Entry {
  viewer: Viewer;
  freshUntilMs: number;
}

/** Resolves viewers, with a small cache keyed by the hash of the credential and emptied of it the moment it ends. */
export function createViewerResolver(deps: ViewerResolverDeps): ViewerResolver {
  // Behind the channel, of which a message may be lost: a revoked credential is good for no longer than this.
  const { auth, ttlMs = 1_000, now = Date.now, maxEntries = 10_000 } = deps;
  const cache = new Map<string, Entry>();
  // Counts what ended, so that a read which began before does not put it back.
  let endings = 0;

  deps.onEnded((credentialId) => {
    endings += 1;
    for (const [key, { viewer }] of cache)
      if (credentialId === null || viewer.credentialId === credentialId) cache.delete(key);
  });

  return {
    async resolveViewer(headers, onSetCookie) {
      const token = readBearer(headers.get("authorization"));
      const cookie = token ?? readCookie(headers.get("cookie"), auth.sessionCookieName);
      if (cookie === null) return null;
      const kind = token === null ? "cookie" : "token";
      const key = createHash("sha256").update(`${kind} ${cookie}`).digest("base64url");
      const hit = cache.get(key);
      if (hit && now() < hit.freshUntilMs) return hit.viewer;
      cache.delete(key);
      const endingsBefore = endings;
      const { viewer, setCookies } =
        token === null
          ? await auth.readSession(headers, onSetCookie !== undefined)
          : { viewer: await deps.readApiToken(token), setCookies: [] };
      if (onSetCookie) setCookies.forEach(onSetCookie);
      if (viewer && endings === endingsBefore) {
        const oldest = cache.size < maxEntries ? undefined : cache.keys().next().value;
        if (oldest !== undefined) cache.delete(oldest);
        const expiresAtMs = viewer.expiresAt?.getTime() ?? Infinity;
        cache.set(key, { viewer, freshUntilMs: Math.min(now() + ttlMs, expiresAtMs) });
      }
      return viewer;
    },
    onEnded: deps.onEnded,
    watchRight: deps.watchRight,
  };
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
