/** Determines the authorization server and the scopes of a consent. */
import type { McpServer, OAuthGrant } from "@gatehouse/prisma";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import { splitScopes, unionScopes } from "#oauth/scopes.ts";
import type { WalkOptions } from "../discovery/detection.ts";
import type { InputFaults } from "../access/service-error.ts";
import { isIssuer, noIssuer } from "../server/target-settings.ts";

type Settings = Pick<
  McpServer,
  | "oauthAuthorizationServer"
  | "oauthClientId"
  | "oauthIssuer"
  | "oauthScopes"
  | "oauthTrustedIssuer"
>;

/** Returns the values that the settings specify, which take precedence over the server's metadata. */
export function readSettings(
  server: Settings,
): Pick<WalkOptions, "chosenIssuer" | "forcedIssuer" | "trustedIssuer" | "chosenScopes"> {
  return {
    forcedIssuer: server.oauthAuthorizationServer,
    // A manually registered client is never used at a different authorization server.
    chosenIssuer: server.oauthClientId ? server.oauthIssuer : null,
    trustedIssuer: server.oauthTrustedIssuer,
    chosenScopes: server.oauthScopes,
  };
}

/** Checks the user's choice of issuer, which must not contradict the settings. */
export function checkIssuer(faults: InputFaults, server: Settings, issuer: string | null): void {
  if (issuer === null) return;
  if (!isIssuer(issuer)) return faults.add("issuer", noIssuer);
  const { forcedIssuer, chosenIssuer } = readSettings(server);
  const settled = forcedIssuer ?? chosenIssuer;
  if (settled && settled !== issuer)
    faults.add("issuer", `The server's settings specify the authorization server: ${settled}.`);
}

/**
 * Returns the scopes that step-ups have required, together with the granted ones, so that a later consent does not lose them. Returns none
 * for a different authorization server, which may not support them.
 */
export function keepScopes(grant: OAuthGrant | null, issuer: string): string[] {
  if (!grant || grant.issuer !== issuer) return [];
  const steppedUp = splitScopes(grant.stepUps.join(" "));
  return grant.reason === "INSUFFICIENT_SCOPE"
    ? unionScopes(grant.requestedScopes, grant.grantedScopes, grant.challengedScopes, steppedUp)
    : steppedUp;
}

/** Returns the message of the fault, unless the fault concerns a choice made in the settings. */
export function describeFault({ code, message }: DiscoveryFault, server: Settings): string {
  const { forcedIssuer, chosenIssuer } = readSettings(server);
  return code === "AUTHORIZATION_SERVER_NOT_LISTED" && chosenIssuer && !forcedIssuer
    ? `The client ID in the settings belongs to ${chosenIssuer}, which the server does not list. Enter a client ID of an authorization server that it lists.`
    : message;
}
