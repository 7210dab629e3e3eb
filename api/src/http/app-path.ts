/**
 * Returns a path of this application, or `/` for a value that would lead to another origin
 * (`//host`, `https:`, `/\host`), so that redirects and links never leave the application.
 */
export function toAppPath(path: string, publicOrigin: string): string {
  if (!path.startsWith("/")) return "/";
  const url = URL.parse(path, publicOrigin);
  if (url?.origin !== publicOrigin) return "/";
  // `/.//host` resolves to the path `//host`, which a browser would treat as another host.
  const normal = url.pathname.replace(/^\/{2,}/, "/");
  return normal + url.search + url.hash;
}
