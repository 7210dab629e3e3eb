/** The topics that can be waited for on the bus. */
export const topics = {
  /** The workspace's log grew. */
  workspace: (workspaceId: string) => `workspace:${workspaceId}`,
  /** A user joined the workspace, left it, or has another role. */
  members: (workspaceId: string) => `members:${workspaceId}`,
  /** A server's settings, policies or tools changed, or it was deleted or restored. */
  server: (serverId: string) => `server:${serverId}`,
  /** A grant's tokens, lease or state changed. */
  grant: (grantId: string) => `grant:${grantId}`,
  /** A consent flow progressed. */
  flow: (flowId: string) => `flow:${flowId}`,
  /** A session or API token ended, and must be removed from caches. */
  ended: (credentialId: string) => `ended:${credentialId}`,
  /** A tool execution progressed, or is to be cancelled. */
  execution: (executionId: string) => `execution:${executionId}`,
  /** A question of a server was asked, answered or ended. */
  elicitation: (elicitationId: string) => `elicitation:${elicitationId}`,
  /** The list of encryption keys may have changed. */
  keys: "keys",
};
