import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefinitionNode, parse } from "graphql";
import { expect, it } from "vitest";

/** Elements without a description, because their names are self-explanatory. New elements of the schema need a description and must not be added. */
const selfEvident = readNames(`
  ApiToken: id
  ApiTokenConnection: itself totalCount
  ApiTokenEdge: itself
  ArgumentIssue: message
  AudioContent: itself mimeType
  CreateMcpServerInput: itself credentialScope description headers oauthClientId oauthClientSecret workspaceId
  CreateWorkspaceInput: itself
  CreatedWebhookEndpoint: endpoint
  CredentialsRejected: server
  DeletedNode: id
  DiagnoseServerInput: url workspaceId
  EmbeddedResource: itself resource
  ExecuteToolInput: itself serverId toolName
  ExecuteToolResult: itself
  HeaderInput: name value
  ImageContent: itself mimeType
  InvalidToolArguments: itself issues
  McpServer: authType createdAt createdBy credentialScope description hasOAuthClientSecret id name oauthClientId reachability requestTimeoutMs tool tool(name) updatedAt workspace
  McpServerConnection: itself totalCount
  McpServerEdge: itself
  McpServerFilter: authType enabled
  McpTool: description name title
  McpToolConnection: itself totalCount
  McpToolEdge: itself
  Mutation: itself cancelOAuth(flowId) createMcpServer(input) createWorkspace(input) deleteMcpServer(id) disconnectOAuth(serverId) executeTool(input) refreshTools(serverId) restoreMcpServer(id) startOAuth(input) updateMcpServer updateMcpServer(input)
  Node: itself id
  OAuthAlreadyConnected: server
  OAuthClientRequired: issuer
  OAuthDiscoveryFailed: flow
  OAuthFlow: error expiresAt finishedAt id startedAt status
  OAuthFlowError: itself AUTHORIZATION_SERVER_ERROR DISCOVERY_FAILED ISSUER_MISMATCH SERVER_GONE TOKEN_EXCHANGE_FAILED
  OAuthFlowMode: itself POPUP REDIRECT
  OAuthFlowStatus: itself CANCELLED EXPIRED FAILED PENDING SUCCEEDED
  OAuthFlowStep: at detail durationMs httpStatus kind outcome
  OAuthFlowStepKind: itself AUTHORIZATION_SERVER_METADATA CALLBACK CLIENT_REGISTRATION CONSENT PROBE PROTECTED_RESOURCE_METADATA TOKEN_EXCHANGE TOOL_DISCOVERY
  OAuthStarted: itself flow
  OAuthStateChanged: previousState reason state
  OAuthStatus: connectedAt grantedScopes lastRefreshedAt requestedScopes state
  PageInfo: itself endCursor hasNextPage hasPreviousPage startCursor
  Query: itself diagnoseServer(input) mcpServer(id) node(id) nodes(ids) oauthFlow(id) toolExecution toolExecution(id) workspace(slug)
  Reachability: checkedAt state
  ReachabilityState: itself REACHABLE UNKNOWN UNREACHABLE
  ReauthRequired: reason server
  ResourceContents: blob mimeType text uri
  ResourceLink: itself description mimeType name title uri
  ServerDiagnosis: authType issuer
  ServerDisabled: itself server
  StartOAuthInput: itself mode serverId
  StartOAuthResult: itself
  StepOutcome: itself FAILED OK SKIPPED
  Subscription: itself authStateChanged(after) authStateChanged(onlyReauthRequired) authStateChanged(serverId) authStateChanged(workspaceId) oauthFlowUpdated(flowId) toolExecutionUpdated(id) workspaceEvents(after) workspaceEvents(filter) workspaceEvents(workspaceId)
  TextContent: itself text
  ToolConfirmationRequired: tool
  ToolExecuted: itself execution
  ToolExecution: content durationMs errorMessage finishedAt id startedAt startedBy status structuredContent toolName
  ToolExecutionStatus: itself REAUTH_REQUIRED RUNNING SUCCEEDED TIMED_OUT
  ToolNotFound: itself
  ToolTimedOut: itself execution
  UpdateMcpServerInput: authType credentialScope description enabled headers id name oauthClientId oauthClientSecret oauthIssuer requestTimeoutMs url
  User: email id name
  Viewer: user workspaces
  WebhookEndpoint: createdAt id
  WebhookEndpointConnection: itself totalCount
  WebhookEndpointEdge: itself
  Workspace: events(after) events(before) events(filter) events(first) events(last) id mcpServers mcpServers(filter) members name
  WorkspaceConnection: itself totalCount
  WorkspaceEdge: itself
  WorkspaceEventConnection: edges nodes pageInfo
  WorkspaceEventEdge: itself node
  WorkspaceEventFilter: types
  WorkspaceMember: id joinedAt role user
  WorkspaceMemberConnection: itself totalCount
  WorkspaceMemberEdge: itself
  WorkspaceRole: ADMIN MEMBER OWNER VIEWER
`);

it("everything that we added to the contract says what it is", () => {
  const file = join(import.meta.dirname, "../../schema.graphql");
  const { definitions } = parse(readFileSync(file, "utf8"));
  const undescribed = definitions.flatMap(findUndescribed);
  expect(undescribed.filter((name) => !selfEvident.has(name))).toEqual([]);
  // Entries that have a description, or no longer exist, must be removed from the list.
  expect([...selfEvident].filter((name) => !undescribed.includes(name))).toEqual([]);
});

it.each([
  ["type A { b: Int }", ["A", "A.b"]],
  ['"x" type A { "x" b(c: Int, "x" d: Int): Int }', ["A.b(c)"]],
  ['"x" interface A { b: Int }', ["A.b"]],
  ['"x" input A { b: Int }', ["A.b"]],
  ['"x" enum A { B "x" C }', ["A.B"]],
  ["union A = B", ["A"]],
  ["scalar A", ["A"]],
  ['"x" type A { "x" b: Int }', []],
])("finds what has no description in %s", (text, names) => {
  expect(parse(text).definitions.flatMap(findUndescribed)).toEqual(names);
});

/** `Type`, `Type.field`, `Type.field(argument)`, `Enum.VALUE`. */
function findUndescribed(definition: DefinitionNode): string[] {
  if (!("name" in definition) || !definition.name) return [];
  const type = definition.name.value;
  const members = [
    { ...definition, path: type },
    ...("fields" in definition ? (definition.fields ?? []) : []).flatMap((field) => {
      const path = `${type}.${field.name.value}`;
      const args = "arguments" in field ? (field.arguments ?? []) : [];
      return [
        { ...field, path },
        ...args.map((argument) => ({ ...argument, path: `${path}(${argument.name.value})` })),
      ];
    }),
    ...("values" in definition ? (definition.values ?? []) : []).map((value) => ({
      ...value,
      path: `${type}.${value.name.value}`,
    })),
  ];
  return members
    .filter((member) => !("description" in member && member.description))
    .map(({ path }) => path);
}

/** A line is a type and its members; `itself` is the type. */
function readNames(lines: string): Set<string> {
  return new Set(
    lines
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [type = "", ...members] = line.trim().split(/:? /);
        return members.map((member) => (member === "itself" ? type : `${type}.${member}`));
      }),
  );
}
