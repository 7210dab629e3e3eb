import type { McpServer } from "@gatehouse/prisma";
import { isScopeToken } from "#oauth/scopes.ts";
import { isSecureUrl, parseUrl } from "#oauth/secure-url.ts";
import type { InputFaults } from "../access/service-error.ts";
import { hasControlCharacters } from "../access/input.ts";

/** What an admin decides past the server's own word. Absent: as it is; null: cleared. */
export interface TargetSettings {
  /** The issuer of the authorization server to use, whether or not the server lists it. */
  oauthAuthorizationServer?: string | null | undefined;
  /** Asked for instead of what the server names. */
  oauthScopes?: readonly string[] | null | undefined;
}

export const noIssuer =
  "The authorization server's issuer: an https URL without query and fragment.";
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
      `The client id belongs to ${client.issuer}: it is never used at another authorization server.`,
    );
  if (scopes && scopes.length > maxScopes)
    faults.add("oauthScopes", `At most ${maxScopes} scopes.`);
  scopes?.forEach((scope, index) => {
    if (!isScopeToken(scope) || scope.length > maxScopeLength)
      faults.add(
        `oauthScopes.${index}`,
        "A scope is printable ASCII without blanks, quotation marks and backslashes.",
      );
  });
}

/** @returns as it will be stored */
export function mergeAuthorizationServer(
  input: TargetSettings,
  server: Pick<McpServer, "oauthAuthorizationServer">,
): string | null {
  return input.oauthAuthorizationServer === undefined
    ? server.oauthAuthorizationServer
    : input.oauthAuthorizationServer;
}

/** For a write of the row: undefined leaves the column alone. */
export function readScopes({ oauthScopes }: TargetSettings): string[] | undefined {
  return oauthScopes === undefined ? undefined : [...new Set(oauthScopes ?? [])];
}

/** An https URL, or http to a loopback host, without query and fragment (RFC 8414 §2), that may be stored. */
export function isIssuer(text: string): boolean {
  return (
    text.length <= 2_048 &&
    !hasControlCharacters(text) &&
    isSecureUrl(text) &&
    parseUrl(text)?.search === ""
  );
}
