/**
 * How each row of the table is asked: the row's field stands first in whatever is selected on the way to it. `$names` are filled in
 * (objects.ts).
 */
const server = (selection: string) => `query { mcpServer(id: $server) { ${selection} } }`;
const workspace = (selection: string) =>
  `query { node(id: $workspace) { ... on Workspace { ${selection} } } }`;
const list = (field: string) => workspace(`${field} { nodes { __typename } }`);
const run = (selection: string) => `query { toolExecution(id: $waitingRun) { ${selection} } }`;
const node = (name: string, type: string, selection: string) =>
  `query { node(id: $${name}) { ... on ${type} { ${selection} } } }`;
const event = (type: string, object: string, field: string) =>
  workspace(
    `events(filter: { types: [${type}], serverId: $eventServer }, last: 1) { nodes { ... on ${object} { ${field} { id } } } }`,
  );
const change = (field: string, selection = "id") => `mutation { ${field} { ${selection} } }`;
const range = 'from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z"';
const lookAt = "input: { workspaceId: $workspace, url: $url }";
const detect = (selection: string) => `query { detectServer(${lookAt}) { ${selection} } }`;
const need = (selection: string) => workspace(`accountNeeds { nodes { ${selection} } }`);

const events: Record<string, [type: string, fields: string[]]> = {
  ApiTokenChanged: ["API_TOKEN_CHANGED", ["actor", "apiToken", "server"]],
  InputRequested: ["INPUT_REQUESTED", ["actor", "elicitation", "execution", "server"]],
  MemberChanged: ["MEMBER_CHANGED", ["actor", "server", "user"]],
  OAuthStateChanged: ["REAUTH_REQUIRED", ["actor", "server", "user"]],
  ServerChanged: ["SERVER_UPDATED", ["actor", "server"]],
  TokenRefreshed: ["TOKEN_REFRESHED", ["actor", "server", "user"]],
  TokenRevoked: ["TOKEN_REVOKED", ["actor", "server", "user"]],
  ToolExecutionFinished: ["TOOL_EXECUTED", ["actor", "execution", "server"]],
  ToolPolicyChanged: ["TOOL_POLICY_CHANGED", ["actor", "server"]],
  ToolsChanged: ["TOOLS_CHANGED", ["actor", "server", "user"]],
  InvitationChanged: ["INVITATION_CHANGED", ["actor", "invitation", "server"]],
  WebhookEndpointChanged: ["WEBHOOK_ENDPOINT_CHANGED", ["actor", "server", "webhookEndpoint"]],
  WorkspaceChanged: ["WORKSPACE_CHANGED", ["actor", "server"]],
};

export const documents: Record<string, string> = {
  "Viewer.apiToken": "query { viewer { apiToken { id } } }",
  "Viewer.user": "query { viewer { user { id } } }",
  "Viewer.workspaces": "query { viewer { workspaces { nodes { id } } } }",
  "Workspace.accountNeeds": list("accountNeeds"),
  "Workspace.apiTokens": list("apiTokens"),
  "Workspace.elicitations": list("elicitations"),
  "Workspace.events": list("events"),
  "Workspace.invitations": list("invitations"),
  "Workspace.mcpServers": list("mcpServers"),
  "Workspace.members": list("members"),
  "Workspace.statistics": workspace(`statistics(${range}) { total { runs } }`),
  "Workspace.toolExecutions": list("toolExecutions"),
  "Workspace.webhookEndpoints": list("webhookEndpoints"),
  "WorkspaceMember.user": node("membership", "WorkspaceMember", "user { id }"),
  "ApiToken.user": node("apiToken", "ApiToken", "user { id }"),
  "Invitation.acceptedBy": node("invitation", "Invitation", "acceptedBy { id }"),
  "Invitation.createdBy": node("invitation", "Invitation", "createdBy { id }"),
  "WebhookEndpoint.deliveries": node("endpoint", "WebhookEndpoint", "deliveries { nodes { id } }"),
  "McpServer.catalog": server("catalog { fetchedAt }"),
  "McpServer.createdBy": server("createdBy { id }"),
  "McpServer.oauthStatus": server("oauthStatus { state }"),
  "McpServer.prompts": server("prompts { nodes { name } }"),
  "McpServer.reachability": server("reachability { state }"),
  "McpServer.resourceTemplates": server("resourceTemplates { nodes { name } }"),
  "McpServer.resources": server("resources { nodes { name } }"),
  "McpServer.tool": server('tool(name: "look") { name }'),
  "McpServer.tools": server("tools { nodes { name } }"),
  "McpServer.workspace": server("workspace { id }"),
  "ToolPolicy.approvedBy": server('tool(name: "look") { policy { approvedBy { id } } }'),
  "OAuthStatus.activeFlow":
    "query { mcpServer(id: $shared) { oauthStatus { activeFlow { id } } } }",
  "OAuthStatus.connectedBy":
    "query { mcpServer(id: $shared) { oauthStatus { connectedBy { id } } } }",
  "OAuthFlow.server": "query { oauthFlow(id: $flow) { server { id } } }",
  "OAuthFlow.steps": "query { oauthFlow(id: $flow) { steps { kind } } }",
  "ToolExecution.arguments": run("arguments"),
  "ToolExecution.content": run("content { __typename }"),
  "ToolExecution.elicitation": run("elicitation { id }"),
  "ToolExecution.progress": run("progress { progress }"),
  "ToolExecution.server": run("server { id }"),
  "ToolExecution.startedBy": run("startedBy { id }"),
  "ToolExecution.user": run("user { id }"),
  "Elicitation.execution": node("question", "Elicitation", "execution { id }"),
  "Elicitation.server": node("question", "Elicitation", "server { id }"),
  "AccountNeed.server": need("server { id }"),
  "AccountNeed.user": need("user { id }"),
  "ServerDetection.duplicates": detect("duplicates { id }"),
  "ServerStatistics.server": workspace(
    'statistics(from: "2026-11-01T00:00:00Z", to: "2027-01-30T00:00:00Z") { servers { server { id } } }',
  ),
  ...Object.fromEntries(
    Object.entries(events).flatMap(([object, [type, fields]]) =>
      fields.map((field) => [`${object}.${field}`, event(type, object, field)]),
    ),
  ),

  "Query.detectServer": detect("authType"),
  "Query.diagnoseServer": `query { diagnoseServer(${lookAt}) { authType } }`,
  "Query.invitation": "query { invitation(token: $freshInvitationToken) { role } }",
  "Query.knownServers": "query { knownServers(first: 1) { nodes { name } } }",
  "Query.mcpServer": server("id"),
  "Query.mcpServer deleted": "query { mcpServer(id: $deletedServer) { id } }",
  "Query.node ApiToken": "query { node(id: $apiToken) { id } }",
  "Query.node Elicitation": "query { node(id: $question) { id } }",
  "Query.node Invitation": "query { node(id: $invitation) { id } }",
  "Query.node McpServer": "query { node(id: $server) { id } }",
  "Query.node OAuthFlow": "query { node(id: $flow) { id } }",
  "Query.node ToolExecution": "query { node(id: $run) { id } }",
  "Query.node User": "query { node(id: $user) { id } }",
  "Query.node WebhookDelivery": "query { node(id: $freshDelivery) { id } }",
  "Query.node WebhookEndpoint": "query { node(id: $endpoint) { id } }",
  "Query.node Workspace": "query { node(id: $workspace) { id } }",
  "Query.node WorkspaceMember": "query { node(id: $membership) { id } }",
  "Query.nodes": "query { nodes(ids: [$workspace]) { id } }",
  "Query.oauthFlow": "query { oauthFlow(id: $flow) { id } }",
  "Query.oauthFlow own": "query { oauthFlow(id: $ownFlow) { id } }",
  "Query.sandbox": "query { sandbox { accountUrl } }",
  "Query.toolExecution": "query { toolExecution(id: $run) { id } }",
  "Query.toolExecution own": "query { toolExecution(id: $ownRun) { id } }",
  "Query.viewer": "query { viewer { user { id } } }",
  "Query.workspace": "query { workspace(slug: $slug) { id } }",

  "Subscription.authStateChanged":
    "subscription { authStateChanged(workspaceId: $workspace, after: $cursor) { id } }",
  "Subscription.oauthFlowUpdated": "subscription { oauthFlowUpdated(flowId: $flow) { id } }",
  "Subscription.toolExecutionUpdated": "subscription { toolExecutionUpdated(id: $run) { id } }",
  "Subscription.workspaceEvents":
    "subscription { workspaceEvents(workspaceId: $workspace, after: $cursor) { id } }",

  "Mutation.acceptInvitation": change(
    "acceptInvitation(token: $freshInvitationToken)",
    "__typename",
  ),
  "Mutation.addSandboxServers": change("addSandboxServers(workspaceId: $workspace)"),
  "Mutation.answerElicitation": change(
    "answerElicitation(input: { id: $freshQuestion, action: DECLINE })",
    "__typename",
  ),
  "Mutation.answerElicitation own": change(
    "answerElicitation(input: { id: $ownQuestion, action: DECLINE })",
    "__typename",
  ),
  "Mutation.approveTool": change('approveTool(input: { serverId: $server, toolName: "look" })'),
  "Mutation.cancelOAuth": change("cancelOAuth(flowId: $freshFlow)"),
  "Mutation.cancelOAuth own": change("cancelOAuth(flowId: $ownFlow)"),
  "Mutation.cancelToolExecution": change("cancelToolExecution(id: $freshRun)"),
  "Mutation.cancelToolExecution own": change("cancelToolExecution(id: $ownRun)"),
  "Mutation.changeMemberRole": change(
    "changeMemberRole(input: { workspaceId: $workspace, userId: $freshMember, role: MEMBER })",
  ),
  "Mutation.changeMemberRole to owner": change(
    "changeMemberRole(input: { workspaceId: $workspace, userId: $freshMember, role: OWNER })",
  ),
  "Mutation.createApiToken": change(
    'createApiToken(input: { workspaceId: $workspace, name: "t", scope: READ })',
    "secret",
  ),
  "Mutation.createInvitation": change(
    "createInvitation(input: { workspaceId: $workspace, role: MEMBER })",
    "url",
  ),
  "Mutation.createInvitation of an owner": change(
    "createInvitation(input: { workspaceId: $workspace, role: OWNER })",
    "url",
  ),
  "Mutation.createMcpServer": change(
    'createMcpServer(input: { workspaceId: $workspace, name: "s", url: $url, authType: NONE })',
  ),
  "Mutation.createWebhookEndpoint": change(
    "createWebhookEndpoint(input: { workspaceId: $workspace, url: $url })",
    "signingSecret",
  ),
  "Mutation.createWorkspace": change('createWorkspace(input: { name: "w" })'),
  "Mutation.deleteMcpServer": change("deleteMcpServer(id: $freshServer)"),
  "Mutation.deleteWebhookEndpoint": change("deleteWebhookEndpoint(id: $freshEndpoint)"),
  "Mutation.deleteWorkspace": change('deleteWorkspace(id: $freshWorkspace, name: "w")'),
  "Mutation.disconnectOAuth": change("disconnectOAuth(serverId: $freshPersonal)"),
  "Mutation.disconnectOAuth shared": change("disconnectOAuth(serverId: $freshShared)"),
  "Mutation.executeTool": change(
    'executeTool(input: { serverId: $server, toolName: "look" })',
    "__typename",
  ),
  "Mutation.getPrompt": change(
    'getPrompt(input: { serverId: $server, name: "greet" })',
    "__typename",
  ),
  "Mutation.leaveWorkspace": change("leaveWorkspace(workspaceId: $freshWorkspace)"),
  "Mutation.readResource": change(
    'readResource(input: { serverId: $server, uri: "memo://readme" })',
    "__typename",
  ),
  "Mutation.refreshTools": change("refreshTools(serverId: $server)"),
  "Mutation.removeWorkspaceMember": change(
    "removeWorkspaceMember(input: { workspaceId: $workspace, userId: $freshMember })",
  ),
  "Mutation.resendWebhookDelivery": change("resendWebhookDelivery(id: $freshDelivery)"),
  "Mutation.restoreMcpServer": change("restoreMcpServer(id: $deletedServer)"),
  "Mutation.revokeApiToken": change("revokeApiToken(id: $freshToken)"),
  "Mutation.revokeApiToken own": change("revokeApiToken(id: $ownToken)"),
  "Mutation.revokeInvitation": change("revokeInvitation(id: $freshInvitation)"),
  "Mutation.rotateWebhookSecret": change(
    "rotateWebhookSecret(id: $freshEndpoint)",
    "signingSecret",
  ),
  "Mutation.setMyHeaders": change(
    'setMyHeaders(input: { serverId: $freshKeyed, headers: [{ name: "X-Key", value: "k" }] })',
  ),
  "Mutation.setToolPolicy": change(
    'setToolPolicy(input: { serverId: $server, toolName: "look", kind: ALLOW })',
  ),
  "Mutation.simulateOAuthState": change(
    "simulateOAuthState(input: { serverId: $personal, reason: GRANT_INVALID })",
  ),
  "Mutation.startOAuth": change("startOAuth(input: { serverId: $freshPersonal })", "__typename"),
  "Mutation.startOAuth shared": change(
    "startOAuth(input: { serverId: $freshShared })",
    "__typename",
  ),
  "Mutation.testHeaders": change(
    'testHeaders(input: { workspaceId: $workspace, url: $url, headers: [{ name: "X-Key", value: "k" }] })',
    "result",
  ),
  "Mutation.testHeaders of a server": change(
    'testHeaders(input: { serverId: $freshKeyed, headers: [{ name: "X-Key", value: "k" }] })',
    "result",
  ),
  "Mutation.testWebhookEndpoint": change("testWebhookEndpoint(id: $freshEndpoint)"),
  "Mutation.trustAuthorizationServerIssuer": change(
    'trustAuthorizationServerIssuer(input: { serverId: $freshServer, issuer: "https://as.example" })',
  ),
  "Mutation.updateMcpServer": change('updateMcpServer(input: { id: $freshServer, name: "n" })'),
  "Mutation.updateWebhookEndpoint": change(
    "updateWebhookEndpoint(input: { id: $freshEndpoint, types: [SERVER_CREATED] })",
  ),
  "Mutation.updateWorkspace": change('updateWorkspace(input: { id: $workspace, name: "n" })'),
};
