/** What a consent is about: at which authorization server, and for which scopes. */
import type { McpServer, OAuthGrant } from "@gatehouse/prisma";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import { splitScopes, unionScopes } from "#oauth/scopes.ts";
import type { WalkOptions } from "../discovery/detection.ts";
import type { InputFaults } from "../access/service-error.ts";
import { isIssuer, noIssuer } from "../server/target-settings.ts";

type Settings = Pick<
  McpServer,
  "oauthAuthorizationServer" | "oauthClientId" | "oauthIssuer" | "oauthScopes"
>;

/** What the settings decide, past the server's own word. */
export function readSettings(
  server: Settings,
): Pick<WalkOptions, "chosenIssuer" | "forcedIssuer" | "chosenScopes"> {
  return {
    forcedIssuer: server.oauthAuthorizationServer,
    // A client that was registered by hand is never used at another authorization server.
    chosenIssuer: server.oauthClientId ? server.oauthIssuer : null,
    chosenScopes: server.oauthScopes,
  };
}

/** A person chooses among what the settings leave open. */
export function checkIssuer(faults: InputFaults, server: Settings, issuer: string | null): void {
  if (issuer === null) return;
  if (!isIssuer(issuer)) return faults.add("issuer", noIssuer);
  const { forcedIssuer, chosenIssuer } = readSettings(server);
  const settled = forcedIssuer ?? chosenIssuer;
  if (settled && settled !== issuer)
    faults.add(
      "issuer",
      `The server's settings say which authorization server is used: ${settled}.`,
    );
}

/**
 * Scopes that a step-up has asked for, with what is granted: a later consent never loses them. None where another authorization
 * server is asked, which may not know them.
 */
export function keepScopes(grant: OAuthGrant | null, issuer: string): string[] {
  if (!grant || grant.issuer !== issuer) return [];
  const steppedUp = splitScopes(grant.stepUps.join(" "));
  return grant.reason === "INSUFFICIENT_SCOPE"
    ? unionScopes(grant.requestedScopes, grant.grantedScopes, grant.challengedScopes, steppedUp)
    : steppedUp;
}

/** The fault's own words, unless it is about a choice that the settings made. */
export function describeFault({ code, message }: DiscoveryFault, server: Settings): string {
  const { forcedIssuer, chosenIssuer } = readSettings(server);
  return code === "AUTHORIZATION_SERVER_NOT_LISTED" && chosenIssuer && !forcedIssuer
    ? `The client id in the settings belongs to ${chosenIssuer}, which the server does not name. Enter a client id of an authorization server that it names.`
    : message;
}
