import { createHash } from "node:crypto";

import type { Auth } from "./auth.ts";

/** Who is signed in, and until when. */
export interface Viewer {
  userId: string;
  name: string;
  email: string;
  sessionId: string;
  sessionExpiresAt: Date;
}

export interface ViewerResolver {
  /**
   * The viewer of a request's session cookie; null when there is none, or no living session behind it.
   * @param onSetCookie given by whoever can answer with `Set-Cookie`: only then may the session be prolonged, or its dead cookie
   * be taken back, for a session that lives longer than its cookie helps nobody.
   */
  resolveViewer(
    headers: Headers,
    onSetCookie?: (setCookie: string) => void,
  ): Promise<Viewer | null>;
  /** Calls back when a session ended in this process (sign-out, revoked, expired). Returns what ends the subscription. */
  onSessionEnded(listener: (sessionId: string) => void): () => void;
}

export interface ViewerResolverDeps {
  auth: Pick<Auth, "readSession" | "sessionCookieName" | "onSessionEnded">;
  /** How long an answer is kept: reading a session costs two statements. */
  ttlMs?: number;
  /** Milliseconds of the wall clock, as session expiry is a date. */
  now?: () => number;
  maxEntries?: number;
}

interface Entry {
  viewer: Viewer;
  freshUntilMs: number;
}

/** Resolves viewers, with a small cache keyed by the hash of the cookie and emptied of a session the moment it ends here. */
export function createViewerResolver(deps: ViewerResolverDeps): ViewerResolver {
  const { auth, ttlMs = 2_000, now = Date.now, maxEntries = 10_000 } = deps;
  const cache = new Map<string, Entry>();
  // Counts sessions that ended, so that a read which began before does not put the ended one back.
  let endings = 0;

  auth.onSessionEnded((sessionId) => {
    endings += 1;
    for (const [key, { viewer }] of cache) if (viewer.sessionId === sessionId) cache.delete(key);
  });

  return {
    async resolveViewer(headers, onSetCookie) {
      const cookie = readCookie(headers.get("cookie"), auth.sessionCookieName);
      if (cookie === null) return null;
      const key = createHash("sha256").update(cookie).digest("base64url");
      const hit = cache.get(key);
      if (hit && now() < hit.freshUntilMs) return hit.viewer;
      cache.delete(key);
      const endingsBefore = endings;
      const { viewer, setCookies } = await auth.readSession(headers, onSetCookie !== undefined);
      if (onSetCookie) setCookies.forEach(onSetCookie);
      if (viewer && endings === endingsBefore) {
        const oldest = cache.size < maxEntries ? undefined : cache.keys().next().value;
        if (oldest !== undefined) cache.delete(oldest);
        const freshUntilMs = Math.min(now() + ttlMs, viewer.sessionExpiresAt.getTime());
        cache.set(key, { viewer, freshUntilMs });
      }
      return viewer;
    },
    onSessionEnded: auth.onSessionEnded,
  };
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
