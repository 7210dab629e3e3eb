/**
 * A path of this application, or `/` for what would lead anywhere else (`//host`, `https:`, `/\host`), so that no redirect or link
 * leaves our origin.
 */
export function toAppPath(path: string, publicOrigin: string): string {
  if (!path.startsWith("/")) return "/";
  const url = URL.parse(path, publicOrigin);
  if (url?.origin !== publicOrigin) return "/";
  // `/.//host` resolves to the path `//host`, which a browser would read as another host.
  const normal = url.pathname.replace(/^\/{2,}/, "/");
  return normal + url.search + url.hash;
}
