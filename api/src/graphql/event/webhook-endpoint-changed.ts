import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WebhookEndpoint } from "../webhook/webhook-endpoint.ts";
import { WorkspaceEvent } from "./event.ts";

const WebhookEndpointChange = builder.enumType("WebhookEndpointChange", {
  description: "The kinds of changes to a webhook endpoint.",
  values: {
    CREATED: { description: "The endpoint was created." },
    UPDATED: { description: "The settings of the endpoint changed." },
    SECRET_ROTATED: { description: "The endpoint has a new signing secret." },
    DELETED: { description: "The endpoint was deleted." },
  } as const,
});

builder.objectRef<DeliveredEvent>("WebhookEndpointChanged").implement({
  description: "A webhook endpoint was created, changed or deleted. Visible to ADMIN and above.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: WebhookEndpointChange,
      description: "The change to the endpoint.",
      resolve: ({ payload }) =>
        payload["change"] as "CREATED" | "UPDATED" | "SECRET_ROTATED" | "DELETED",
    }),
    changedFields: t.stringList({
      ...sameForAll,
      description:
        "The names of the settings that changed, as in UpdateWebhookEndpointInput. The values are not included.",
      resolve: ({ payload }) => (payload["fields"] as string[] | undefined) ?? [],
    }),
    webhookEndpoint: t.prismaField({
      type: WebhookEndpoint,
      nullable: true,
      description: "The endpoint. Null if it was deleted or the caller cannot see it.",
      // Two statements for a whole page, as for API tokens.
      resolve: async (query, { payload }, _args, { db, visibleWebhookEndpoints }) => {
        const id = String(payload["webhookEndpointId"]);
        const isVisible = await visibleWebhookEndpoints.load(id);
        return isVisible ? db.webhookEndpoint.findUnique({ ...query, where: { id } }) : null;
      },
    }),
  }),
});
