import type { CreatedWebhook } from "#services/webhook/webhooks.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { WorkspaceEventType } from "../event/event.ts";
import { readIdOrNobody } from "../global-id.ts";
import { DeletedNode } from "../shared.ts";
import { WebhookDelivery, WebhookEndpoint } from "./webhook-endpoint.ts";

const CreatedWebhookEndpoint = builder
  .objectRef<CreatedWebhook>("CreatedWebhookEndpoint")
  .implement({
    description:
      "A webhook endpoint and its signing secret. Deliveries follow the Standard Webhooks specification.",
    fields: (t) => ({
      endpoint: t.prismaField({
        type: WebhookEndpoint,
        resolve: (query, { endpoint }, _args, { db }) =>
          db.webhookEndpoint.findUniqueOrThrow({ ...query, where: { id: endpoint.id } }),
      }),
      signingSecret: t.exposeString("signingSecret", {
        description: "The secret for verifying signatures. Returned only once.",
      }),
    }),
  });

const CreateWebhookEndpointInput = builder.inputType("CreateWebhookEndpointInput", {
  description: "The settings of the new webhook endpoint.",
  fields: (t) => ({
    workspaceId: t.id({
      required: true,
      description: "The ID of the workspace whose events are delivered.",
    }),
    url: t.string({
      required: true,
      description: "The URL to deliver events to. Must use https, except for loopback addresses.",
    }),
    types: t.field({
      type: [WorkspaceEventType],
      description: "The event types to deliver. If omitted, events of every type are delivered.",
    }),
  }),
});

const UpdateWebhookEndpointInput = builder.inputType("UpdateWebhookEndpointInput", {
  description: "The settings of a webhook endpoint to change. Omitted fields are not changed.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The ID of the webhook endpoint." }),
    url: t.string({
      description: "The URL to deliver events to. Must use https, except for loopback addresses.",
    }),
    types: t.field({
      type: [WorkspaceEventType],
      description: "The event types to deliver. Null delivers events of every type.",
    }),
    enabled: t.boolean({
      description:
        "Whether events are delivered. If true, a disabled endpoint is enabled and delivery is attempted immediately.",
    }),
  }),
});

builder.mutationFields((t) => ({
  createWebhookEndpoint: t.field({
    type: CreatedWebhookEndpoint,
    description:
      "Creates a webhook endpoint, to which the workspace's later events are delivered. Requires ADMIN. CONFLICT if the workspace already has the maximum number of endpoints.",
    args: {
      input: t.arg({
        type: CreateWebhookEndpointInput,
        required: true,
        description: "The URL of the endpoint and the event types to deliver.",
      }),
    },
    resolve: (_root, { input }, { services, caller }) =>
      services.webhooks.create(caller, {
        workspaceId: readIdOrNobody(input.workspaceId, "Workspace"),
        url: input.url,
        types: input.types ?? null,
      }),
  }),
  updateWebhookEndpoint: t.prismaField({
    type: WebhookEndpoint,
    description:
      "Changes the URL, the event types or the enabled state of a webhook endpoint. Requires ADMIN.",
    args: {
      input: t.arg({
        type: UpdateWebhookEndpointInput,
        required: true,
        description: "The settings to change.",
      }),
    },
    resolve: async (query, _root, { input: { id, ...input } }, { db, services, caller }) => {
      const endpoint = await services.webhooks.update(caller, {
        ...input,
        id: readIdOrNobody(id, "WebhookEndpoint"),
      });
      return db.webhookEndpoint.findUniqueOrThrow({ ...query, where: { id: endpoint.id } });
    },
  }),
  deleteWebhookEndpoint: t.field({
    type: DeletedNode,
    description: "Deletes a webhook endpoint and stops its deliveries. Requires ADMIN.",
    args: { id: t.arg.id({ required: true, description: "The ID of the webhook endpoint." }) },
    resolve: async (_root, { id }, { services, caller }) => {
      await services.webhooks.delete(caller, readIdOrNobody(id, "WebhookEndpoint"));
      return { id };
    },
  }),
  rotateWebhookSecret: t.field({
    type: CreatedWebhookEndpoint,
    description:
      "Creates a new signing secret for a webhook endpoint. Deliveries are also signed with the previous secret for one day. Requires ADMIN.",
    args: { id: t.arg.id({ required: true, description: "The ID of the webhook endpoint." }) },
    resolve: (_root, { id }, { services, caller }) =>
      services.webhooks.rotateSecret(caller, readIdOrNobody(id, "WebhookEndpoint")),
  }),
  testWebhookEndpoint: t.prismaField({
    type: WebhookDelivery,
    ...contactsServer,
    description:
      "Sends an event of type TEST immediately and returns the resulting delivery. Requires ADMIN.",
    args: { id: t.arg.id({ required: true, description: "The ID of the webhook endpoint." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.webhooks.test(caller, readIdOrNobody(id, "WebhookEndpoint")),
  }),
  resendWebhookDelivery: t.prismaField({
    type: WebhookDelivery,
    ...contactsServer,
    description:
      "Sends an event again now. If it fails, the retry schedule of the delivery does not change. Requires ADMIN.",
    args: { id: t.arg.id({ required: true, description: "The ID of the delivery." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.webhooks.resend(caller, readIdOrNobody(id, "WebhookDelivery")),
  }),
}));
