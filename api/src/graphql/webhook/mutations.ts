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
    description: "Deliveries follow the Standard Webhooks specification.",
    fields: (t) => ({
      endpoint: t.prismaField({
        type: WebhookEndpoint,
        resolve: (query, { endpoint }, _args, { db }) =>
          db.webhookEndpoint.findUniqueOrThrow({ ...query, where: { id: endpoint.id } }),
      }),
      signingSecret: t.exposeString("signingSecret", { description: "Shown this once." }),
    }),
  });

const CreateWebhookEndpointInput = builder.inputType("CreateWebhookEndpointInput", {
  description: "A new address for a workspace's events.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "Whose events." }),
    url: t.string({ required: true, description: "Where to; https, but on one's own machine." }),
    types: t.field({
      type: [WorkspaceEventType],
      description: "Left out: every type.",
    }),
  }),
});

const UpdateWebhookEndpointInput = builder.inputType("UpdateWebhookEndpointInput", {
  description: "A field left out stays.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Of the endpoint." }),
    url: t.string({ description: "Where to; https, but on one's own machine." }),
    types: t.field({ type: [WorkspaceEventType], description: "Null: every type." }),
    enabled: t.boolean({ description: "True turns it on again, and tries at once." }),
  }),
});

builder.mutationFields((t) => ({
  createWebhookEndpoint: t.field({
    type: CreatedWebhookEndpoint,
    description: "Delivers the workspace's events from now on. Needs ADMIN.",
    args: {
      input: t.arg({
        type: CreateWebhookEndpointInput,
        required: true,
        description: "Where to, and what.",
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
    description: "Changes where to, and which events, are delivered. Needs ADMIN.",
    args: {
      input: t.arg({
        type: UpdateWebhookEndpointInput,
        required: true,
        description: "What changes.",
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
    description: "Nothing more is delivered. Needs ADMIN.",
    args: { id: t.arg.id({ required: true, description: "Of the endpoint." }) },
    resolve: async (_root, { id }, { services, caller }) => {
      await services.webhooks.delete(caller, readIdOrNobody(id, "WebhookEndpoint"));
      return { id };
    },
  }),
  rotateWebhookSecret: t.field({
    type: CreatedWebhookEndpoint,
    description: "A new signing secret; the old one signs along for a day. Needs ADMIN.",
    args: { id: t.arg.id({ required: true, description: "Of the endpoint." }) },
    resolve: (_root, { id }, { services, caller }) =>
      services.webhooks.rotateSecret(caller, readIdOrNobody(id, "WebhookEndpoint")),
  }),
  testWebhookEndpoint: t.prismaField({
    type: WebhookDelivery,
    ...contactsServer,
    description: "Sends a message of type TEST now, and answers what came of it. Needs ADMIN.",
    args: { id: t.arg.id({ required: true, description: "Of the endpoint." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.webhooks.test(caller, readIdOrNobody(id, "WebhookEndpoint")),
  }),
  resendWebhookDelivery: t.prismaField({
    type: WebhookDelivery,
    ...contactsServer,
    description:
      "Sends an event again now. If it fails, the retry schedule of the delivery does not change. Needs ADMIN.",
    args: { id: t.arg.id({ required: true, description: "Of the delivery." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.webhooks.resend(caller, readIdOrNobody(id, "WebhookDelivery")),
  }),
}));
