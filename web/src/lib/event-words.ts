import type { WorkspaceEventType } from "../graphql/generated/graphql.ts";

/** What each type of event says, in the order of every choice: what most people want comes first. */
export const typeWords: Record<WorkspaceEventType, string> = {
  REAUTH_REQUIRED: "Somebody must sign in again",
  OAUTH_STATE_CHANGED: "An account is connected or disconnected",
  TOKEN_REFRESHED: "An access token is renewed",
  TOKEN_REVOKED: "Access is revoked at the provider",
  SERVER_CREATED: "A server is added",
  SERVER_UPDATED: "A server's settings change",
  SERVER_DELETED: "A server is deleted",
  TOOLS_CHANGED: "An account sees other tools",
  TOOL_EXECUTED: "A tool ran",
  TOOL_POLICY_CHANGED: "What a tool may do is decided anew",
  INPUT_REQUESTED: "A server asks a person something",
  MEMBER_CHANGED: "Somebody joins, leaves or changes role",
  API_TOKEN_CHANGED: "An API token is made or revoked",
  WORKSPACE_CHANGED: "The workspace's settings change",
  INVITATION_CHANGED: "An invitation is created or revoked",
  WEBHOOK_ENDPOINT_CHANGED: "A webhook endpoint is created, changed or deleted",
};

export const eventTypes = Object.keys(typeWords) as WorkspaceEventType[];
