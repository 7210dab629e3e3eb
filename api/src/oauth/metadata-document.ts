/**
 * The client id metadata document, whose URL is the client id
 * (draft-ietf-oauth-client-id-metadata-document).
 */
import { isHttpsUrl } from "@modelcontextprotocol/client";
import { isLoopbackHost, parseUrl } from "./secure-url.ts";

export interface MetadataDocument {
  client_id: string;
  client_name: string;
  client_uri: string;
  redirect_uris: string[];
  grant_types: string[];
  response_types: string[];
  token_endpoint_auth_method: "none";
  application_type: "native" | "web";
}

export const clientName = "Gatehouse";

/**
 * Builds the document that is served at `url`.
 * @param options.publicUrl the URL of the application, displayed on consent pages
 */
export function buildMetadataDocument(options: {
  url: string;
  publicUrl: string;
  redirectUri: string;
}): MetadataDocument {
  const { url, publicUrl, redirectUri } = options;
  return {
    client_id: url,
    client_name: clientName,
    client_uri: publicUrl,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: deriveApplicationType(redirectUri),
  };
}

/** A client id must be an https URL with a path. */
export function isMetadataDocumentUrl(url: string | null): url is string {
  return url !== null && isHttpsUrl(url);
}

/** Loopback redirects are for native clients (OpenID Connect Registration §2, RFC 8252 §7.3). */
export function deriveApplicationType(redirectUri: string): "native" | "web" {
  const hostname = parseUrl(redirectUri)?.hostname;
  return hostname !== undefined && isLoopbackHost(hostname) ? "native" : "web";
}
