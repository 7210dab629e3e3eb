/**
 * The path to go to after sign-in: only a path of this application. "//evil.example" and
 * "/\evil.example" are other hosts to a browser, so the URL is resolved and its origin compared.
 */
export function readReturnPath(next: string | null, origin: string): string {
  if (!next?.startsWith("/") || !URL.canParse(next, origin)) return "/";
  const url = new URL(next, origin);
  return url.origin === origin ? url.pathname + url.search + url.hash : "/";
}

/** Where to sign in, so that one comes back to `path`. */
export function signInPath(path: string): string {
  return path === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(path)}`;
}

/** The same for a new account. */
export function signUpPath(path: string): string {
  return `/sign-up?next=${encodeURIComponent(path)}`;
}

/** The token of the invitation that a path of this application shows; null for any other path. */
export function readInvitation(path: string): string | null {
  return /^\/invite\/([\w-]+)$/.exec(path)?.[1] ?? null;
}
