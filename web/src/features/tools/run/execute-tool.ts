import { graphql } from "../../../graphql/generated/gql.ts";

export const executeToolMutation = graphql(`
  mutation ExecuteTool($input: ExecuteToolInput!) {
    executeTool(input: $input) {
      __typename
      ... on ToolExecuted {
        execution {
          id
          ...ToolRun_execution
        }
      }
      ... on ReauthRequired {
        message
        reason
        server {
          ...ServerStatus_server
        }
      }
      ... on ToolNotFound {
        message
        suggestions
      }
      ... on InvalidToolArguments {
        message
        issues {
          path
          message
        }
      }
      ... on ToolConfirmationRequired {
        message
      }
      ... on ToolDenied {
        message
      }
      ... on ToolTimedOut {
        message
        execution {
          id
          ...ToolRun_execution
        }
      }
      ... on ServerDisabled {
        message
      }
      ... on CredentialsRejected {
        message
      }
      ... on ServerUnreachable {
        message
        retryable
      }
    }
  }
`);
