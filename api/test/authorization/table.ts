/**
 * Who may what, by field of the schema: `Who may` of the design, as it is answered. A field that decides nothing itself stands in
 * `asTheirParents`.
 *
 * Everything is the owner's workspace's; what is personal (run, question, attempt, API token, account, events about them) is the
 * member's, with `own` the caller's. READ, EXECUTE and MANAGE are the owner's API tokens, `elsewhere` is one (MANAGE) for another workspace of
 * theirs; `expired` is a session that ran out, `removed` was a member.
 *
 * ok: let through; null; none: an empty list; `.`: what it belongs to is not shown; 401 UNAUTHENTICATED, 403 FORBIDDEN, 404 NOT_FOUND;
 * 409: let through, and answered CONFLICT, for there is no sandbox here, or nothing to send again.
 */
export const table = `
field                                   nobody expired stranger elsewhere removed viewer member admin owner READ  EXECUTE MANAGE
Viewer.apiToken                         .      .       null     ok        null    null   null   null  null  ok    ok      ok
Viewer.user                             .      .       ok       ok        ok      ok     ok     ok    ok    ok    ok      ok
Viewer.workspaces                       .      .       ok       ok        ok      ok     ok     ok    ok    ok    ok      ok
Workspace.accountNeeds                  .      .       .        .         .       none   ok     ok    ok    ok    ok      ok
Workspace.apiTokens                     .      .       .        .         .       none   ok     ok    ok    ok    ok      ok
Workspace.elicitations                  .      .       .        .         .       none   ok     none  none  none  none    none
Workspace.events                        .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
Workspace.invitations                   .      .       .        .         .       none   none   ok    ok    none  none    none
Workspace.mcpServers                    .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
Workspace.members                       .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
Workspace.statistics                    .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
Workspace.toolExecutions                .      .       .        .         .       none   ok     ok    ok    ok    ok      ok
Workspace.webhookEndpoints              .      .       .        .         .       none   none   ok    ok    ok    ok      ok
WorkspaceMember.user                    .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
ApiToken.user                           .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
Invitation.acceptedBy                   .      .       .        .         .       .      .      ok    ok    .     .       .
Invitation.createdBy                    .      .       .        .         .       .      .      ok    ok    .     .       .
WebhookEndpoint.deliveries              .      .       .        .         .       .      .      ok    ok    ok    ok      ok
McpServer.catalog                       .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.createdBy                     .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.oauthStatus                   .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.prompts                       .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.reachability                  .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.resourceTemplates             .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.resources                     .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.tool                          .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.tools                         .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
McpServer.workspace                     .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
ToolPolicy.approvedBy                   .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
OAuthStatus.activeFlow                  .      .       .        .         .       null   null   null  ok    ok    ok      ok
OAuthStatus.connectedBy                 .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
OAuthFlow.server                        .      .       .        .         .       .      ok     .     .     .     .       .
OAuthFlow.steps                         .      .       .        .         .       .      ok     .     .     .     .       .
ToolExecution.arguments                 .      .       .        .         .       .      ok     null  null  null  null    null
ToolExecution.content                   .      .       .        .         .       .      ok     null  null  null  null    null
ToolExecution.elicitation               .      .       .        .         .       .      ok     null  null  null  null    null
ToolExecution.progress                  .      .       .        .         .       .      ok     null  null  null  null    null
ToolExecution.server                    .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolExecution.startedBy                 .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolExecution.user                      .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
Elicitation.execution                   .      .       .        .         .       .      ok     .     .     .     .       .
Elicitation.server                      .      .       .        .         .       .      ok     .     .     .     .       .
AccountNeed.server                      .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
AccountNeed.user                        .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ServerDetection.duplicates              401    401     404      404       404     403    403    ok    ok    403   403     ok
ServerStatistics.server                 .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ApiTokenChanged.actor                   .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ApiTokenChanged.apiToken                .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ApiTokenChanged.server                  .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
InputRequested.actor                    .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
InputRequested.elicitation              .      .       .        .         .       .      ok     null  null  null  null    null
InputRequested.execution                .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
InputRequested.server                   .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
MemberChanged.actor                     .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
MemberChanged.server                    .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
MemberChanged.user                      .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
OAuthStateChanged.actor                 .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
OAuthStateChanged.server                .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
OAuthStateChanged.user                  .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ServerChanged.actor                     .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
ServerChanged.server                    .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
TokenRefreshed.actor                    .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
TokenRefreshed.server                   .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
TokenRefreshed.user                     .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
TokenRevoked.actor                      .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
TokenRevoked.server                     .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
TokenRevoked.user                       .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolExecutionFinished.actor             .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolExecutionFinished.execution         .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolExecutionFinished.server            .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolPolicyChanged.actor                 .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
ToolPolicyChanged.server                .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
ToolsChanged.actor                      .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolsChanged.server                     .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
ToolsChanged.user                       .      .       .        .         .       .      ok     ok    ok    ok    ok      ok
InvitationChanged.actor                 .      .       .        .         .       .      .      ok    ok    ok    ok      ok
InvitationChanged.invitation            .      .       .        .         .       .      .      ok    ok    null  null    null
InvitationChanged.server                .      .       .        .         .       .      .      ok    ok    ok    ok      ok
WebhookEndpointChanged.actor            .      .       .        .         .       .      .      ok    ok    ok    ok      ok
WebhookEndpointChanged.server           .      .       .        .         .       .      .      ok    ok    ok    ok      ok
WebhookEndpointChanged.webhookEndpoint  .      .       .        .         .       .      .      ok    ok    ok    ok      ok
WorkspaceChanged.actor                  .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
WorkspaceChanged.server                 .      .       .        .         .       ok     ok     ok    ok    ok    ok      ok
Query.detectServer                      401    401     404      404       404     403    403    ok    ok    403   403     ok
Query.diagnoseServer                    401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Query.invitation                        ok     ok      ok       ok        ok      ok     ok     ok    ok    ok    ok      ok
Query.knownServers                      401    401     ok       ok        ok      ok     ok     ok    ok    ok    ok      ok
Query.mcpServer                         null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.mcpServer deleted                 null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.node ApiToken                     null   null    null     null      null    null   ok     ok    ok    ok    ok      ok
Query.node Elicitation                  null   null    null     null      null    null   ok     null  null  null  null    null
Query.node Invitation                   null   null    null     null      null    null   null   ok    ok    null  null    null
Query.node McpServer                    null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.node OAuthFlow                    null   null    null     null      null    null   ok     null  null  null  null    null
Query.node ToolExecution                null   null    null     null      null    null   ok     ok    ok    ok    ok      ok
Query.node User                         null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.node WebhookDelivery              null   null    null     null      null    null   null   ok    ok    ok    ok      ok
Query.node WebhookEndpoint              null   null    null     null      null    null   null   ok    ok    ok    ok      ok
Query.node Workspace                    null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.node WorkspaceMember              null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.nodes                             null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.oauthFlow                         null   null    null     null      null    null   ok     null  null  null  null    null
Query.oauthFlow own                     null   null    ok       null      ok      ok     ok     ok    ok    ok    ok      ok
Query.sandbox                           null   null    null     null      null    null   null   null  null  null  null    null
Query.toolExecution                     null   null    null     null      null    null   ok     ok    ok    ok    ok      ok
Query.toolExecution own                 null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Query.viewer                            null   null    ok       ok        ok      ok     ok     ok    ok    ok    ok      ok
Query.workspace                         null   null    null     null      null    ok     ok     ok    ok    ok    ok      ok
Subscription.authStateChanged           401    401     404      404       404     ok     ok     ok    ok    ok    ok      ok
Subscription.oauthFlowUpdated           401    401     404      404       404     404    ok     404   404   404   404     404
Subscription.toolExecutionUpdated       401    401     404      404       404     404    ok     ok    ok    ok    ok      ok
Subscription.workspaceEvents            401    401     404      404       404     ok     ok     ok    ok    ok    ok      ok
Mutation.acceptInvitation               401    401     ok       403       ok      ok     ok     ok    ok    403   403     403
Mutation.addSandboxServers              409    409     409      409       409     409    409    409   409   409   409     409
Mutation.answerElicitation              401    401     404      404       404     404    ok     404   404   404   404     404
Mutation.answerElicitation own          401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.approveTool                    401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.cancelOAuth                    401    401     404      404       404     404    ok     404   404   404   404     404
Mutation.cancelOAuth own                401    401     ok       404       ok      ok     ok     ok    ok    403   403     ok
Mutation.cancelToolExecution            401    401     404      404       404     404    ok     ok    ok    403   403     ok
Mutation.cancelToolExecution own        401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.changeMemberRole               401    401     404      403       404     403    403    ok    ok    403   403     403
Mutation.changeMemberRole to owner      401    401     404      403       404     403    403    403   ok    403   403     403
Mutation.createApiToken                 401    401     404      403       404     ok     ok     ok    ok    403   403     403
Mutation.createInvitation               401    401     404      403       404     403    403    ok    ok    403   403     403
Mutation.createInvitation of an owner   401    401     404      403       404     403    403    403   ok    403   403     403
Mutation.createMcpServer                401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.createWebhookEndpoint          401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.createWorkspace                401    401     ok       403       ok      ok     ok     ok    ok    403   403     403
Mutation.deleteMcpServer                401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.deleteWebhookEndpoint          401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.deleteWorkspace                401    401     404      403       404     403    403    403   ok    403   403     403
Mutation.disconnectOAuth                401    401     404      404       404     403    ok     ok    ok    403   403     ok
Mutation.disconnectOAuth shared         401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.executeTool                    401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.getPrompt                      401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.leaveWorkspace                 401    401     404      403       404     ok     ok     ok    ok    403   403     403
Mutation.readResource                   401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.refreshTools                   401    401     404      404       404     403    ok     ok    ok    403   ok      ok
Mutation.removeWorkspaceMember          401    401     404      403       404     403    403    ok    ok    403   403     403
Mutation.resendWebhookDelivery          401    401     404      404       404     403    403    409   409   403   403     409
Mutation.restoreMcpServer               401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.revokeApiToken                 401    401     404      403       404     404    ok     ok    ok    403   403     403
Mutation.revokeApiToken own             401    401     404      403       404     ok     ok     ok    ok    403   403     403
Mutation.revokeInvitation               401    401     404      403       404     404    404    ok    ok    403   403     403
Mutation.rotateWebhookSecret            401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.setMyHeaders                   401    401     404      404       404     403    ok     ok    ok    403   403     ok
Mutation.setToolPolicy                  401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.simulateOAuthState             401    401     404      404       404     403    409    409   409   403   403     409
Mutation.startOAuth                     401    401     404      404       404     403    ok     ok    ok    403   403     ok
Mutation.startOAuth shared              401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.testHeaders                    401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.testHeaders of a server        401    401     404      404       404     403    ok     ok    ok    403   403     ok
Mutation.testWebhookEndpoint            401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.trustAuthorizationServerIssuer 401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.updateMcpServer                401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.updateWebhookEndpoint          401    401     404      404       404     403    403    ok    ok    403   403     ok
Mutation.updateWorkspace                401    401     404      404       404     403    403    ok    ok    403   403     ok
`;

/**
 * Fields that show what their parent shows, to whoever was shown that: entries of a page, parts of an answer to the caller's own
 * mutation, and values that are no object of their own.
 */
export const asTheirParents = new Set([
  "AccountNeed.forecast",
  "Catalog.failure",
  "CreatedApiToken.apiToken",
  "CreatedInvitation.invitation",
  "CreatedWebhookEndpoint.endpoint",
  "CredentialsRejected.server",
  "ElicitationAnswered.elicitation",
  "EmbeddedResource.resource",
  "InvalidElicitationAnswer.issues",
  "InvalidPromptArguments.issues",
  "InvalidToolArguments.issues",
  "InvitationAccepted.workspace",
  "KnownServer.keyHeader",
  "McpPrompt.arguments",
  "McpTool.policy",
  "OAuthAlreadyConnected.server",
  "OAuthAuthorizationServerRequired.authorizationServers",
  "OAuthDiscoveryFailed.flow",
  "OAuthStarted.flow",
  "OAuthStatus.forecast",
  "PromptMessage.content",
  "PromptReceived.messages",
  "ReauthRequired.server",
  "ResourceRead.contents",
  "Sandbox.servers",
  "ServerDetection.authorizationServers",
  "ServerDetection.suggestedHeader",
  "ServerDetection.reachability",
  "ServerDiagnosis.authorizationServers",
  "ServerDiagnosis.behavior",
  "ServerDiagnosis.steps",
  "ServerDisabled.server",
  "ServerStatistics.runs",
  "StatisticsBucket.runs",
  "StatisticsBucket.tokens",
  "ToolConfirmationRequired.tool",
  "ToolExecuted.execution",
  "ToolTimedOut.execution",
  "WorkspaceStatistics.buckets",
  "WorkspaceStatistics.servers",
  "WorkspaceStatistics.tokens",
  "WorkspaceStatistics.total",
]);
