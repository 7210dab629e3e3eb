import type { McpServer } from "@gatehouse/prisma";
import { isScopeToken } from "#oauth/scopes.ts";
import { isSecureUrl, parseUrl } from "#oauth/secure-url.ts";
import type { InputFaults } from "../access/service-error.ts";
import { hasControlCharacters } from "../access/input.ts";

/** Settings that override what the server declares. Absent: unchanged; null: cleared. */
export interface TargetSettings {
  /** The issuer of the authorization server to use, even if the server does not list it. */
  oauthAuthorizationServer?: string | null | undefined;
  /** The scopes to request instead of those that the server declares. */
  oauthScopes?: readonly string[] | null | undefined;
}

export const noIssuer =
  "Enter the issuer of the authorization server: an https URL without query and fragment.";
const maxScopes = 100;
const maxScopeLength = 500;

/** @param client as it will be stored */
export function checkTarget(
  faults: InputFaults,
  input: TargetSettings,
  authorizationServer: string | null,
  client: { clientId: string | null; issuer: string | null },
): void {
  const { oauthAuthorizationServer: entered, oauthScopes: scopes } = input;
  if (entered != null && !isIssuer(entered)) faults.add("oauthAuthorizationServer", noIssuer);
  else if (
    client.clientId !== null &&
    client.issuer !== null &&
    authorizationServer !== null &&
    authorizationServer !== client.issuer
  )
    faults.add(
      "oauthAuthorizationServer",
      `The client ID belongs to ${client.issuer} and cannot be used with another authorization server.`,
    );
  if (scopes && scopes.length > maxScopes)
    faults.add("oauthScopes", `Enter at most ${maxScopes} scopes.`);
  scopes?.forEach((scope, index) => {
    if (!isScopeToken(scope) || scope.length > maxScopeLength)
      faults.add(
        `oauthScopes.${index}`,
        "A scope consists of printable ASCII characters without spaces, quotation marks and backslashes.",
      );
  });
}

/** @returns the value as it will be stored */
export function mergeAuthorizationServer(
  input: TargetSettings,
  server: Pick<McpServer, "oauthAuthorizationServer">,
): string | null {
  return input.oauthAuthorizationServer === undefined
    ? server.oauthAuthorizationServer
    : input.oauthAuthorizationServer;
}

/** The value to write. Undefined leaves the column unchanged. */
export function readScopes({ oauthScopes }: TargetSettings): string[] | undefined {
  return oauthScopes === undefined ? undefined : [...new Set(oauthScopes ?? [])];
}

/**
 * Whether the text is an https URL, or an http URL with a loopback host, without query and fragment
 * (RFC 8414 §2), that can be stored.
 */
export function isIssuer(text: string): boolean {
  return (
    text.length <= 2_048 &&
    !hasControlCharacters(text) &&
    isSecureUrl(text) &&
    parseUrl(text)?.search === ""
  );
}
