import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

/** The path that completes a callback that was held until sign-in. */
export const RESUME_PATH = "/oauth/resume";

export interface HeldCookie {
  /** The secret that was sent to the browser; null if there is none. */
  read(c: Context): string | null;
  set(c: Context, held: { secret: string; ttlMs: number }): void;
  /** Only if the browser sent the cookie: no other response needs `Set-Cookie`. */
  clear(c: Context): void;
}

/**
 * The cookie that allows one browser to complete the callback that it delivered. The secret is
 * never part of a URL, because URLs are copied, logged and known to the user who started the flow
 * (regression A1). SameSite=Lax, because the redirect of the authorization server is a cross-site
 * navigation.
 */
export function createHeldCookie(publicOrigin: string): HeldCookie {
  const secure = publicOrigin.startsWith("https:");
  const name = `${secure ? "__Secure-" : ""}gatehouse.held_callback`;
  const attributes = { path: RESUME_PATH, httpOnly: true, sameSite: "Lax", secure } as const;
  return {
    read: (c) => getCookie(c, name) ?? null,
    set: (c, { secret, ttlMs }) =>
      setCookie(c, name, secret, { ...attributes, maxAge: Math.floor(ttlMs / 1_000) }),
    clear(c) {
      if (getCookie(c, name) !== undefined) deleteCookie(c, name, attributes);
    },
  };
}
