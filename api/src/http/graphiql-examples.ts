/** An operation that is shown when GraphiQL is opened. */
export interface ExampleOperation {
  query: string;
  /** JSON. Placeholders in angle brackets are replaced with ids of the viewer, if there are any. */
  variables: string | null;
}

const listWhatNeedsConsent: ExampleOperation = {
  query: `# Servers on which somebody has to sign in before their tools can be run.
query WhatNeedsConsent {
  viewer {
    workspaces(first: 1) {
      nodes {
        id
        name
        mcpServers(
          first: 50
          filter: { oauthState: [DISCONNECTED, AUTHORIZING, REAUTH_REQUIRED] }
        ) {
          totalCount
          nodes {
            id
            name
            url
            oauthStatus {
              state
              reason
            }
          }
        }
      }
    }
  }
}
`,
  variables: null,
};

const executeTool: ExampleOperation = {
  query: `# Runs a tool with your account, and waits for its result.
mutation RunTool($input: ExecuteToolInput!) {
  executeTool(input: $input) {
    __typename
    ... on ToolExecuted {
      execution {
        id
        status
        durationMs
        content {
          __typename
          ... on TextContent {
            text
          }
        }
        structuredContent
      }
    }
    ... on ReauthRequired {
      reason
      server {
        id
        name
      }
    }
    ... on UserError {
      message
    }
    ... on InvalidToolArguments {
      issues {
        path
        message
      }
    }
  }
}
`,
  variables: `{
  "input": {
    "serverId": "<SERVER_ID>",
    "toolName": "<TOOL_NAME>",
    "arguments": {}
  }
}`,
};

const followAuthState: ExampleOperation = {
  query: `# Stays open, and tells when somebody signs in, signs out or has to sign in again.
# Subscribe with the last cursor as \`after\` to miss nothing in between.
subscription AuthState($workspaceId: ID!, $after: String) {
  authStateChanged(workspaceId: $workspaceId, after: $after) {
    cursor
    occurredAt
    previousState
    state
    reason
    server {
      id
      name
    }
  }
}
`,
  variables: `{
  "workspaceId": "<WORKSPACE_ID>"
}`,
};

const createApiToken: ExampleOperation = {
  query: `# A token for a program of yours. Its secret is shown this once.
mutation CreateApiToken($input: CreateApiTokenInput!) {
  createApiToken(input: $input) {
    secret
    apiToken {
      id
      name
      scope
      expiresAt
    }
  }
}
`,
  variables: `{
  "input": {
    "workspaceId": "<WORKSPACE_ID>",
    "name": "my program",
    "scope": "READ"
  }
}`,
};

/** In the order of the tabs. */
export const exampleOperations: readonly ExampleOperation[] = [
  listWhatNeedsConsent,
  executeTool,
  followAuthState,
  createApiToken,
];
