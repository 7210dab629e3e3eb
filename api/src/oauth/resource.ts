/** Resource indicators (RFC 8707), which specify the audience of a token. */
import { checkResourceAllowed } from "@modelcontextprotocol/client";
import { parseUrl } from "./secure-url.ts";

/**
 * The resource of a server that publishes none, and the form for comparing two: without fragment
 * and trailing slash. The query is also removed: RFC 8707 §2 advises against it, and it can contain
 * a key that the authorization server must not receive.
 * @throws TypeError if the value is not a URL
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
 * Whether a published resource covers a server: the same origin, and a prefix of its path (the rule
 * of the MCP specification). A resource with a fragment is invalid (RFC 8707 §2).
 */
export function coversServer(resource: string, serverUrl: URL): boolean {
  return (
    !resource.includes("#") &&
    parseUrl(resource) !== null &&
    checkResourceAllowed({
      requestedResource: canonicalizeResource(serverUrl),
      // With a trailing slash the SDK would reject it.
      configuredResource: canonicalizeResource(resource),
    })
  );
}
