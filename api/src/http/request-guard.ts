/**
 * The headers that decide whether a request is allowed, for a `Request` as well as for an upgrade.
 */
export interface GuardedHeaders {
  origin: string | null;
  /** `Sec-Fetch-Site`: browsers always send it to trustworthy origins; other clients do not. */
  fetchSite: string | null;
}

export interface RequestGuard {
  /** The origin of `PUBLIC_URL`: the only base of redirects, regardless of the headers. */
  publicOrigin: string;
  /** Whether a `Host` value is `PUBLIC_URL`'s or one of `ALLOWED_HOSTS`. */
  isHostAllowed(host: string | null | undefined): boolean;
  /**
   * Whether a state-changing request with a cookie was sent by a page of this application, or not
   * by a page at all. Cookies are shared by all ports of localhost, so SameSite alone is no
   * protection there.
   */
  isOriginAllowed(headers: GuardedHeaders): boolean;
}

export interface RequestGuardOptions {
  publicUrl: string;
  /** Additional `Host` values. A value without a port matches every port. */
  allowedHosts: readonly string[];
  /** Additional origins, such as the development server of the web app. */
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

/** A `Host` value in canonical form, or null if it is not a valid host. */
function parseHost(host: string, protocol: string): URL | null {
  return /^[^\s/?#@\\]+$/.test(host) ? URL.parse(`${protocol}//${host}`) : null;
}
