import { graphql } from "../../graphql/generated/gql.ts";

export const startOAuthMutation = graphql(`
  mutation StartOAuth($input: StartOAuthInput!) {
    startOAuth(input: $input) {
      __typename
      ... on OAuthStarted {
        authorizationUrl
        flow {
          id
          status
          server {
            ...ServerStatus_server
          }
        }
      }
      ... on OAuthAlreadyConnected {
        server {
          ...ServerStatus_server
        }
      }
      ... on OAuthClientRequired {
        message
        issuer
        redirectUri
      }
      ... on OAuthAuthorizationServerRequired {
        authorizationServers {
          issuer
          name
          clientRegistration
        }
      }
      ... on OAuthDiscoveryFailed {
        message
        flow {
          id
          status
          untrustedIssuer
        }
      }
    }
  }
`);

export const cancelOAuthMutation = graphql(`
  mutation CancelOAuth($flowId: ID!) {
    cancelOAuth(flowId: $flowId) {
      id
      status
      error
      server {
        ...ServerStatus_server
      }
    }
  }
`);

export const flowUpdatedSubscription = graphql(`
  subscription FlowUpdated($flowId: ID!) {
    oauthFlowUpdated(flowId: $flowId) {
      id
      status
      error
      server {
        ...ServerStatus_server
      }
      ...FlowTimeline_flow
    }
  }
`);

export const trustIssuerMutation = graphql(`
  mutation TrustIssuer($input: TrustAuthorizationServerIssuerInput!) {
    trustAuthorizationServerIssuer(input: $input) {
      id
      oauthTrustedIssuer
    }
  }
`);

export const returnedFlowQuery = graphql(`
  query ReturnedFlow($id: ID!) {
    oauthFlow(id: $id) {
      id
      status
      error
      server {
        ...ServerStatus_server
        id
      }
      ...FlowTimeline_flow
    }
  }
`);
