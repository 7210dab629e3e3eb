/** Resource indicators (RFC 8707): what a token is for. */
import { checkResourceAllowed } from "@modelcontextprotocol/client";
import { parseUrl } from "./secure-url.ts";

/**
 * The resource of a server that publishes none, and the form in which two are compared: no fragment, no trailing slash. The query is
 * left out too: RFC 8707 §2 advises against it, and it may hold a key that is not the authorization server's business.
 * @throws TypeError when it is no URL
 */
export function canonicalizeResource(resource: string | URL): string {
  const url = new URL(resource);
  url.hash = "";
  url.search = "";
  url.username = "";
  url.password = "";
  return url.href.replace(/\/+$/, "");
}

/**
 * Whether a published resource covers a server: same origin, and a prefix of its path (the rule of the MCP specification). One with a
 * fragment is none (RFC 8707 §2).
 */
export function coversServer(resource: string, serverUrl: URL): boolean {
  return (
    !resource.includes("#") &&
    parseUrl(resource) !== null &&
    checkResourceAllowed({
      requestedResource: canonicalizeResource(serverUrl),
      // As it stands a trailing slash would make the SDK refuse it.
      configuredResource: canonicalizeResource(resource),
    })
  );
}
