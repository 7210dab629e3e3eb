import type { ServerSettings_ServerFragment } from "../../graphql/generated/graphql.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { makeHeaderField } from "../../lib/header-fields.ts";
import type { SettingsValues } from "./read-changes.ts";

export const settingsFragment = graphql(`
  fragment ServerSettings_server on McpServer {
    id
    name
    url
    enabled
    authType
    credentialScope
    headerNames
    oauthClientId
    hasOAuthClientSecret
    oauthGrantType
    hasOAuthPrivateKey
    oauthSigningAlgorithm
    oauthIssuer
    oauthAuthorizationServer
    oauthScopes
    requestTimeoutMs
  }
`);

/** What the form begins with: as it is stored, and nothing for secrets, whose values nobody gets. */
export function toSettingsValues(settings: ServerSettings_ServerFragment): SettingsValues {
  return {
    name: settings.name,
    url: settings.url,
    enabled: settings.enabled,
    credentialScope: settings.credentialScope,
    requestTimeoutSeconds: settings.requestTimeoutMs / 1_000,
    headers: settings.headerNames.map((name) => makeHeaderField(name, true)),
    oauthClientId: settings.oauthClientId ?? "",
    oauthClientSecret: "",
    oauthGrantType: settings.oauthGrantType,
    oauthPrivateKey: "",
    oauthSigningAlgorithm: settings.oauthSigningAlgorithm ?? "",
    oauthIssuer: settings.oauthIssuer ?? "",
    oauthAuthorizationServer: settings.oauthAuthorizationServer ?? "",
    oauthScopes: settings.oauthScopes?.join(" ") ?? "",
  };
}
