/** Why the authorization of a server could not be determined. */
export interface DiscoveryFault {
  code:
    /** The server's address redirects to one that responds as an MCP server. */
    | "ADDRESS_REDIRECTS"
    /** The server's own URL is invalid. */
    | "INVALID_SERVER_URL"
    /** Timeout, refused connection or 5xx response: nothing was learned. */
    | "METADATA_UNAVAILABLE"
    /** The protected resource metadata is about another resource (RFC 9728 §3.3). */
    | "RESOURCE_MISMATCH"
    /**
     * The protected resource metadata is not at the URL that the server specifies, or cannot be
     * read, and its origin publishes nothing.
     */
    | "RESOURCE_METADATA_INVALID"
    /** The protected resource metadata names no authorization server, and the server's origin publishes nothing. */
    | "AUTHORIZATION_SERVER_UNNAMED"
    /** The authorization server's own address is neither https nor loopback. */
    | "INSECURE_AUTHORIZATION_SERVER"
    /** The requested authorization server is not in the list of the resource. */
    | "AUTHORIZATION_SERVER_NOT_LISTED"
    /** An authorization server is named, but publishes nothing. */
    | "METADATA_MISSING"
    /** The published document is not metadata. */
    | "METADATA_INVALID"
    /** The metadata's issuer is not the identifier that built its URL (RFC 8414 §3.3). */
    | "ISSUER_MISMATCH"
    /** An endpoint is neither https nor loopback. */
    | "INSECURE_ENDPOINT"
    /** S256 is not listed. */
    | "PKCE_UNSUPPORTED"
    /** Response type `code` is not listed. */
    | "CODE_FLOW_UNSUPPORTED";
  /** One sentence for the user, without secrets. */
  message: string;
  /** Whether a later attempt may succeed without changes. */
  retryable: boolean;
  /** With ISSUER_MISMATCH: the issuer that the metadata names, if an admin may trust it (regressions I16). */
  offeredIssuer?: string;
}
