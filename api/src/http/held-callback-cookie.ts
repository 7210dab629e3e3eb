import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

/** Where a callback that was held until sign-in is finished. */
export const RESUME_PATH = "/oauth/resume";

export interface HeldCookie {
  /** The secret that the browser received; null when it has none. */
  read(c: Context): string | null;
  set(c: Context, held: { secret: string; ttlMs: number }): void;
  /** Only where the browser sent the cookie: every other response needs no `Set-Cookie`. */
  clear(c: Context): void;
}

/**
 * The cookie that lets one browser finish the callback which it delivered. The secret is never part of an address: addresses are
 * copied, logged and known to the user who started the attempt (regression A1). SameSite=Lax, because the authorization server's
 * redirect is a cross-site navigation.
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
