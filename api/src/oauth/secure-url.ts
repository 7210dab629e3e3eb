/** Rules for the URLs of authorization servers. */

/**
 * True for an absolute https URL, or http to a loopback host, without user name, password or fragment.
 * Source: the MCP specification's "Communication Security"; RFC 8252 §7.3 for loopback. Every other scheme is refused.
 */
export function isSecureUrl(value: string): boolean {
  const url = parseUrl(value);
  if (!url || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/** @param hostname in the form of `URL.hostname`: lower case, IPv6 in brackets */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** Null if the value is not an absolute URL. */
export function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

/**
 * The form of a URL that is shown in a step: without query, fragment, user name and password. Null
 * if the value is not a URL.
 */
export function stripUrl(value: string | URL): string | null {
  const url = parseUrl(String(value));
  if (!url) return null;
  url.search = "";
  url.hash = "";
  url.username = "";
  url.password = "";
  return url.href;
}
