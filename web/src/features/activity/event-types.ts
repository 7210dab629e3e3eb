import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";

/** What a filter calls each type. */
export const typeWords: Record<WorkspaceEventType, string> = {
  OAUTH_STATE_CHANGED: "Accounts connected or lost",
  REAUTH_REQUIRED: "Sign-in needed",
  TOKEN_REFRESHED: "Access renewed",
  TOKEN_REVOKED: "Access ended at the provider",
  SERVER_CREATED: "Server added",
  SERVER_UPDATED: "Server changed",
  SERVER_DELETED: "Server deleted",
  TOOLS_CHANGED: "Tools changed",
  TOOL_EXECUTED: "Tool ran",
  INPUT_REQUESTED: "Questions of servers",
  TOOL_POLICY_CHANGED: "Tool rules",
  MEMBER_CHANGED: "Members",
  API_TOKEN_CHANGED: "API tokens",
};

export const eventTypes = Object.keys(typeWords) as WorkspaceEventType[];
