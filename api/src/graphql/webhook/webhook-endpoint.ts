import { webhooksVisibleTo } from "#services/webhook/webhooks.ts";
import { builder } from "../builder.ts";
import { WorkspaceEventType } from "../event/event.ts";

const WebhookDeliveryState = builder.enumType("WebhookDeliveryState", {
  description: "How far an event has come on its way to an endpoint.",
  values: {
    DELIVERED: { description: "The receiver answered with a status from 200 to 299." },
    RETRYING: { description: "It failed and is tried again; what came later waits." },
    PARKED: {
      description:
        "It failed for a day: later events go on without it, and it is still tried now and then.",
    },
    GIVEN_UP: {
      description:
        "It failed for three days, was a failed test, or could not be delivered any more; `error` states the reason.",
    },
  } as const,
});

export const WebhookDelivery = builder.prismaNode("WebhookDelivery", {
  description: "One event on its way to one endpoint, and what came of the last attempt.",
  id: { field: "id", description: "What resendWebhookDelivery takes." },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, endpoint: webhooksVisibleTo(caller) }),
  fields: (t) => ({
    eventId: t.exposeID("eventId", {
      description: "The event's id, as in subscriptions and in the header webhook-id.",
    }),
    type: t.expose("type", {
      type: WorkspaceEventType,
      nullable: true,
      description: "Null for a test.",
    }),
    state: t.expose("state", {
      type: WebhookDeliveryState,
      description: "What became of it so far.",
    }),
    attempts: t.exposeInt("attempts", {
      description: "The number of attempts, including manual resends.",
    }),
    httpStatus: t.exposeInt("httpStatus", {
      nullable: true,
      description: "Null when no answer came.",
    }),
    error: t.exposeString("error", {
      nullable: true,
      description: "The reason for the failure. Null if the delivery succeeded.",
    }),
    durationMs: t.exposeInt("durationMs", {
      nullable: true,
      description: "Of the last attempt, in milliseconds.",
    }),
    occurredAt: t.expose("occurredAt", {
      type: "DateTime",
      description: "When the event happened.",
    }),
    lastAttemptAt: t.expose("lastAttemptAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last sent; null while it waits for its first turn.",
    }),
  }),
});

export const WebhookEndpoint = builder.prismaNode("WebhookEndpoint", {
  description: "An address that a workspace's events are delivered to. Seen by admins.",
  id: { field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...webhooksVisibleTo(caller) }),
  fields: (t) => ({
    url: t.expose("url", { type: "URL", description: "Where its events are sent." }),
    types: t.field({
      type: [WorkspaceEventType],
      nullable: true,
      description: "Null: every type. OAUTH_STATE_CHANGED does not include REAUTH_REQUIRED here.",
      select: { types: true },
      resolve: ({ types }) => (types.length === 0 ? null : types),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime" }),
    lastDeliveryAt: t.expose("lastDeliveryAt", {
      type: "DateTime",
      nullable: true,
      description: "When something last arrived.",
    }),
    failingSince: t.expose("failingSince", {
      type: "DateTime",
      nullable: true,
      description: "When attempts began to fail; null while they do not.",
    }),
    disabledAt: t.expose("disabledAt", {
      type: "DateTime",
      nullable: true,
      description:
        "Nothing is sent since then: it was turned off, or its receiver answered 410 Gone.",
    }),
    deliveries: t.relatedConnection(
      "deliveries",
      {
        description: "Newest first.",
        cursor: "id",
        query: { orderBy: { id: "desc" } },
      },
      { name: "WebhookDeliveryConnection", description: "A page of an endpoint's deliveries." },
      { name: "WebhookDeliveryEdge", description: "A delivery, and where it stands in the list." },
    ),
  }),
});
