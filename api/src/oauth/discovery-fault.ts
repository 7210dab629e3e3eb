/** Why a server's authorization could not be found out. */
export interface DiscoveryFault {
  code:
    /** The server's own URL is none. */
    | "INVALID_SERVER_URL"
    /** Timeout, refused connection, 5xx: nothing was learnt. */
    | "METADATA_UNAVAILABLE"
    /** The protected resource metadata is about another resource (RFC 9728 §3.3). */
    | "RESOURCE_MISMATCH"
    /** The protected resource metadata is nowhere that the server says, or cannot be read; and its origin publishes nothing. */
    | "RESOURCE_METADATA_INVALID"
    /** The protected resource metadata names no authorization server, and the server's origin publishes nothing. */
    | "AUTHORIZATION_SERVER_UNNAMED"
    /** The authorization server's own address is neither https nor loopback. */
    | "INSECURE_AUTHORIZATION_SERVER"
    /** The authorization server that was asked for is none of those that the resource lists. */
    | "AUTHORIZATION_SERVER_NOT_LISTED"
    /** An authorization server is named, but publishes nothing. */
    | "METADATA_MISSING"
    /** Something was published that is no metadata. */
    | "METADATA_INVALID"
    /** The metadata's issuer is not the identifier that built its URL (RFC 8414 §3.3). */
    | "ISSUER_MISMATCH"
    /** An endpoint that is neither https nor loopback. */
    | "INSECURE_ENDPOINT"
    /** S256 is not listed. */
    | "PKCE_UNSUPPORTED"
    /** Response type `code` is not listed. */
    | "CODE_FLOW_UNSUPPORTED";
  /** One sentence for the person, without secrets. */
  message: string;
  /** A later try may work as it is. */
  retryable: boolean;
}
