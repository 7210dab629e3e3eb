import { webhooksVisibleTo } from "#services/webhook/webhooks.ts";
import { builder } from "../builder.ts";
import { WorkspaceEventType } from "../event/event.ts";

const WebhookDeliveryState = builder.enumType("WebhookDeliveryState", {
  description: "The possible states of a webhook delivery.",
  values: {
    DELIVERED: { description: "The receiver answered with a status from 200 to 299." },
    RETRYING: { description: "The delivery failed and will be retried. Later events wait for it." },
    PARKED: {
      description:
        "The delivery failed for one day. Later events are delivered without waiting for it, and it is retried occasionally.",
    },
    GIVEN_UP: {
      description:
        "The delivery failed for three days, was a failed test, or can no longer be delivered; `error` states the reason.",
    },
  } as const,
});

export const WebhookDelivery = builder.prismaNode("WebhookDelivery", {
  description:
    "The delivery of an event to a webhook endpoint, with the result of the last attempt.",
  id: { field: "id", description: "The ID of the delivery, for use with resendWebhookDelivery." },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, endpoint: webhooksVisibleTo(caller) }),
  fields: (t) => ({
    eventId: t.exposeID("eventId", {
      description:
        "The ID of the event, equal to the ID in subscriptions and in the webhook-id header.",
    }),
    type: t.expose("type", {
      type: WorkspaceEventType,
      nullable: true,
      description: "The type of the event. Null for a test.",
    }),
    state: t.expose("state", {
      type: WebhookDeliveryState,
      description: "The current state of the delivery.",
    }),
    attempts: t.exposeInt("attempts", {
      description: "The number of attempts, including manual resends.",
    }),
    httpStatus: t.exposeInt("httpStatus", {
      nullable: true,
      description:
        "The HTTP status of the response to the last attempt. Null if there was no response.",
    }),
    error: t.exposeString("error", {
      nullable: true,
      description: "The reason for the failure. Null if the delivery succeeded.",
    }),
    durationMs: t.exposeInt("durationMs", {
      nullable: true,
      description: "The duration of the last attempt, in milliseconds.",
    }),
    occurredAt: t.expose("occurredAt", {
      type: "DateTime",
      description: "The time at which the event occurred.",
    }),
    lastAttemptAt: t.expose("lastAttemptAt", {
      type: "DateTime",
      nullable: true,
      description: "The time of the last attempt. Null before the first attempt.",
    }),
  }),
});

export const WebhookEndpoint = builder.prismaNode("WebhookEndpoint", {
  description: "A URL to which events of a workspace are delivered. Visible to admins.",
  id: { field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...webhooksVisibleTo(caller) }),
  fields: (t) => ({
    url: t.expose("url", { type: "URL", description: "The URL that events are delivered to." }),
    types: t.field({
      type: [WorkspaceEventType],
      nullable: true,
      description:
        "The event types that are delivered. Null if events of every type are delivered. Here OAUTH_STATE_CHANGED does not include REAUTH_REQUIRED.",
      select: { types: true },
      resolve: ({ types }) => (types.length === 0 ? null : types),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    lastDeliveryAt: t.expose("lastDeliveryAt", {
      type: "DateTime",
      nullable: true,
      description: "The time of the last successful delivery. Null if there was none.",
    }),
    failingSince: t.expose("failingSince", {
      type: "DateTime",
      nullable: true,
      description:
        "The time of the first in the current series of failures. Null if deliveries succeed.",
    }),
    disabledAt: t.expose("disabledAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which deliveries stopped, because the endpoint was disabled or responded with 410 Gone. Null if it is enabled.",
    }),
    deliveries: t.relatedConnection(
      "deliveries",
      {
        description: "The deliveries to the endpoint, newest first.",
        cursor: "id",
        query: { orderBy: { id: "desc" } },
      },
      { name: "WebhookDeliveryConnection", description: "A page of an endpoint's deliveries." },
      { name: "WebhookDeliveryEdge", description: "A delivery and its cursor." },
    ),
  }),
});
