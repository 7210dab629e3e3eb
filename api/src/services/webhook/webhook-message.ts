import type { LoggedEvent } from "#events/log.ts";
import type { WebhookMessage } from "./webhook-sender.ts";

/** What payloads name by a row's id, and what it is in the API. The user there is the member that MEMBER_CHANGED tells of. */
const idsInPayloads = {
  userId: "User",
  apiTokenId: "ApiToken",
  invitationId: "Invitation",
  webhookEndpointId: "WebhookEndpoint",
  executionId: "ToolExecution",
  elicitationId: "Elicitation",
};

/** An event as its receivers read it: the fields of the API's events, with the API's ids. */
export function createWebhookDescriber(deps: {
  /** Makes the API's global id of a row's. */
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
