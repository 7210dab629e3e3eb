import type { Bus } from "./bus.ts";
import { topics } from "./topics.ts";

/**
 * Notifies every process of changes, so that caches are cleared and subscribers read again. Call
 * the methods after the commit.
 */
export interface Changes {
  /** The log of the workspaces has grown. */
  workspace(...workspaceIds: readonly string[]): void;
  /** A user has joined or left the workspace, or has another role. */
  members(workspaceId: string): void;
  /** The settings, policies or tools of servers have changed, or they were deleted or restored. */
  server(...serverIds: readonly string[]): void;
  /** The tokens, the lease or the state of a grant have changed. `workspaceId`: an event was appended too. */
  grant(grantId: string, workspaceId: string | null): void;
  /** Consent flows have progressed. */
  flow(...flowIds: readonly string[]): void;
  /** A session or an API token has ended. */
  endedCredential(credentialId: string): void;
  /** Tool executions have progressed or are to be cancelled. */
  execution(...executionIds: readonly string[]): void;
  /** A question of a server was asked, answered or ended. */
  elicitation(elicitationId: string): void;
}

export function createChanges(bus: Pick<Bus, "publish">): Changes {
  return {
    workspace: (...ids) => bus.publish(...ids.map(topics.workspace)),
    members: (id) => bus.publish(topics.members(id)),
    server: (...ids) => bus.publish(...ids.map(topics.server)),
    grant: (id, workspaceId) =>
      bus.publish(
        topics.grant(id),
        ...(workspaceId === null ? [] : [topics.workspace(workspaceId)]),
      ),
    flow: (...ids) => bus.publish(...ids.map(topics.flow)),
    endedCredential: (id) => bus.publish(topics.ended(id)),
    execution: (...ids) => bus.publish(...ids.map(topics.execution)),
    elicitation: (id) => bus.publish(topics.elicitation(id)),
  };
}
