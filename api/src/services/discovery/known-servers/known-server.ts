/** An MCP server that is described in public documentation. */
export interface KnownServer {
  name: string;
  /** https. The host is different from that of all other entries. */
  url: string;
  /** One sentence. */
  purpose: string;
  authType: "OAUTH" | "HEADERS" | "NONE";
  /** The documented ways of registering a client; absent if none is documented. */
  registration?: readonly ("PRE_REGISTERED" | "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC")[];
  /** The scopes that the documentation names, for information. */
  scopes?: readonly string[];
  /**
   * The header that takes an API key, also if the key is optional or an alternative to OAuth. The
   * value is the scheme, a space and the key, or the key alone if the scheme is null.
   */
  keyHeader?: { name: string; scheme: string | null };
  /** The name of the profile in `oauth/known-providers.ts` that lists its deviations. */
  provider?: string;
  /** What users must know to connect, in complete sentences. */
  notes?: readonly string[];
  /** What the documentation leaves open, as one phrase; absent if nothing. */
  unverified?: string;
  /** The page from which the facts were taken. */
  documentationUrl: string;
}
