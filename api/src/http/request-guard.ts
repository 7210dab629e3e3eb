/** The headers that decide whether a request may come in, whether it arrives as a `Request` or as an upgrade. */
export interface GuardedHeaders {
  origin: string | null;
  /** `Sec-Fetch-Site`: browsers always send it to trustworthy origins, nobody else does. */
  fetchSite: string | null;
}

export interface RequestGuard {
  /** `PUBLIC_URL`'s origin: the only base of a redirect, whatever the headers say. */
  publicOrigin: string;
  /** Whether a `Host` value is `PUBLIC_URL`'s or one of `ALLOWED_HOSTS`. */
  isHostAllowed(host: string | null | undefined): boolean;
  /**
   * Whether a state-changing request that carries a cookie was made by our own pages or by no page at all. Cookies are shared by
   * all ports of localhost, so SameSite alone protects nothing there.
   */
  isOriginAllowed(headers: GuardedHeaders): boolean;
}

export interface RequestGuardOptions {
  publicUrl: string;
  /** Further `Host` values. One without a port fits every port. */
  allowedHosts: readonly string[];
  /** Further origins; the development server of the web app. */
  allowedOrigins?: readonly string[] | undefined;
}

/** Builds the `Host` and `Origin` rules of one `PUBLIC_URL`. Throws when it is not a URL. */
export function createRequestGuard(options: RequestGuardOptions): RequestGuard {
  const { origin, protocol, host: publicHost } = new URL(options.publicUrl);
  const hosts = new Set([publicHost]);
  const namesOnAnyPort = new Set<string>();
  for (const allowed of options.allowedHosts) {
    const url = parseHost(allowed, protocol);
    if (url && /:\d+$/.test(allowed)) hosts.add(url.host);
    else if (url) namesOnAnyPort.add(url.hostname);
  }
  const origins = new Set([origin, ...(options.allowedOrigins ?? [])]);
  return {
    publicOrigin: origin,
    isHostAllowed(host) {
      const url = parseHost(host ?? "", protocol);
      return url !== null && (hosts.has(url.host) || namesOnAnyPort.has(url.hostname));
    },
    isOriginAllowed: ({ origin: sent, fetchSite }) =>
      sent === null
        ? fetchSite === null || fetchSite === "same-origin" || fetchSite === "none"
        : origins.has(sent),
  };
}

/** A `Host` in its canonical form, or null for what is no host at all. */
function parseHost(host: string, protocol: string): URL | null {
  return /^[^\s/?#@\\]+$/.test(host) ? URL.parse(`${protocol}//${host}`) : null;
}
