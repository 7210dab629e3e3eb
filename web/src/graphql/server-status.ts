import { graphql } from "./generated/gql.ts";

/** What every screen shows of a server's condition; events carry it, so that all of them follow. */
export const serverStatusFragment = graphql(`
  fragment ServerStatus_server on McpServer {
    id
    name
    enabled
    authType
    credentialScope
    oauthGrantType
    myHeaderNames
    reachability {
      state
      message
    }
    oauthStatus {
      state
      reason
      issuer
      clientRegistration
      requestedScopes
      grantedScopes
      accessTokenExpiresAt
      renewable
      connectedAt
      lastRefreshedAt
      connectedBy {
        id
        name
      }
      activeFlow {
        id
        status
      }
    }
  }
`);
