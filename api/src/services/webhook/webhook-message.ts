import type { LoggedEvent } from "#events/log.ts";
import type { WebhookMessage } from "./webhook-sender.ts";

/**
 * Payload properties that hold row ids, with the API type of each. The user is the member that
 * MEMBER_CHANGED describes.
 */
const idsInPayloads = {
  userId: "User",
  apiTokenId: "ApiToken",
  invitationId: "Invitation",
  webhookEndpointId: "WebhookEndpoint",
  executionId: "ToolExecution",
  elicitationId: "Elicitation",
};

/**
 * Describes events as they are sent to receivers: the fields of the API's events, with the API's
 * global ids.
 */
export function createWebhookDescriber(deps: {
  /** Encodes a row id as a global id of the API. */
  encodeId(typename: string, id: string): string;
}): (event: Omit<LoggedEvent, "seq" | "payload"> & { payload: unknown }) => WebhookMessage {
  const encode = (typename: string, id: string | null) => id && deps.encodeId(typename, id);
  return ({ id, type, occurredAt, workspaceId, serverId, userId, actorId, payload }) => {
    const told = { ...(payload as Record<string, unknown>) };
    for (const [name, typename] of Object.entries(idsInPayloads))
      if (typeof told[name] === "string") told[name] = encode(typename, told[name]);
    return {
      id,
      type,
      occurredAt,
      data: {
        id,
        workspaceId: encode("Workspace", workspaceId),
        serverId: encode("McpServer", serverId),
        userId: encode("User", userId),
        actorId: encode("User", actorId),
        ...told,
      },
    };
  };
}
