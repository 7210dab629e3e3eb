/** What can be waited for on the bus. */
export const topics = {
  /** The workspace's log grew. */
  workspace: (workspaceId: string) => `workspace:${workspaceId}`,
  /** Somebody joined the workspace, left it, or has another role. */
  members: (workspaceId: string) => `members:${workspaceId}`,
  /** A grant's tokens, lease or state changed. */
  grant: (grantId: string) => `grant:${grantId}`,
  /** An attempt at consent moved on. */
  flow: (flowId: string) => `flow:${flowId}`,
  /** A session or API token ended: whoever remembers it forgets it. */
  ended: (credentialId: string) => `ended:${credentialId}`,
  execution: (executionId: string) => `execution:${executionId}`,
  /** The list of encryption keys may have changed. */
  keys: "keys",
};
