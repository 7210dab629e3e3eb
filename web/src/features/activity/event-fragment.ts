import { graphql } from "../../graphql/generated/gql.ts";

/** All that the sentence about an event is made of. */
export const activityEventFragment = graphql(`
  fragment Activity_event on WorkspaceEvent {
    __typename
    id
    cursor
    type
    occurredAt
    serverId
    actor {
      id
      name
    }
    server {
      id
      name
    }
    ... on OAuthStateChanged {
      previousState
      state
      reason
      user {
        id
        name
      }
    }
    ... on TokenRefreshed {
      cause
      durationMs
      user {
        id
        name
      }
    }
    ... on TokenRevoked {
      what
      outcome
      user {
        id
        name
      }
    }
    ... on ServerChanged {
      changedFields
    }
    ... on ToolsChanged {
      added
      removed
      changed
      addedCount
      removedCount
      changedCount
      user {
        id
        name
      }
    }
    ... on ToolExecutionFinished {
      status
      execution {
        id
        toolName
      }
    }
    ... on InputRequested {
      execution {
        id
        toolName
      }
    }
    ... on ToolPolicyChanged {
      toolName
      policyChange: change
      kind
    }
    ... on MemberChanged {
      memberChange: change
      role
      user {
        id
        name
      }
    }
    ... on WorkspaceChanged {
      changedFields
    }
    ... on InvitationChanged {
      invitationChange: change
      invitation {
        id
        role
      }
    }
    ... on WebhookEndpointChanged {
      endpointChange: change
      changedFields
      webhookEndpoint {
        id
        url
      }
    }
    ... on ApiTokenChanged {
      tokenChange: change
      apiToken {
        id
        name
      }
    }
  }
`);
