import type { LoggedEvent } from "../events/log.ts";
import type { WebhookMessage } from "./webhook-sender.ts";

/** An event as its receivers read it: the fields of the API's events, with the API's ids. */
export function createWebhookDescriber(deps: {
  /** Makes the API's global id of a row's. */
  encodeId(typename: string, id: string): string;
}): (event: LoggedEvent) => WebhookMessage {
  const encode = (typename: string, id: string | null) => id && deps.encodeId(typename, id);
  return ({ id, type, occurredAt, workspaceId, serverId, userId, actorId, payload }) => ({
    id,
    type,
    occurredAt,
    data: {
      ...(payload as Record<string, unknown>),
      id,
      workspaceId: encode("Workspace", workspaceId),
      serverId: encode("McpServer", serverId),
      userId: encode("User", userId),
      actorId: encode("User", actorId),
    },
  });
}
