/** What can be waited for on the bus. */
export const topics = {
  /** The workspace's log grew. */
  workspace: (workspaceId: string) => `workspace:${workspaceId}`,
  /** A grant's tokens, lease or state changed. */
  grant: (grantId: string) => `grant:${grantId}`,
  /** An attempt at consent moved on. */
  flow: (flowId: string) => `flow:${flowId}`,
  execution: (executionId: string) => `execution:${executionId}`,
  /** The list of encryption keys may have changed. */
  keys: "keys",
};
