import { appendEvent } from "#events/log.ts";
import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import { startWebhookDeliveries, type WebhookDeliveriesDeps } from "./webhook-deliveries.ts";
import { createWebhookSender } from "./webhook-sender.ts";
import { createWebhooks } from "./webhooks.ts";

export type WebhookServices = ReturnType<typeof createWebhookServices>;

/**
 * Receivers should respond immediately and do their work afterwards. Only the status of the
 * response is used.
 */
const limits = { totalDeadlineMs: 15_000, headersTimeoutMs: 15_000 };

export function createWebhookServices(
  platform: Platform,
  stores: Stores,
  { access }: AccessServices,
  describe: WebhookDeliveriesDeps["describe"],
) {
  const { db, egress, changes, crypto, newId, config } = platform;
  const store = stores.webhooks;
  const send = createWebhookSender({
    fetchFor: (url) => egress.fetchFor({ serverUrl: url, limits }),
    sign: crypto.webhooks.sign,
    clock: platform.clock,
  });
  return {
    webhooks: createWebhooks({
      db,
      access,
      quotas: config.quotas,
      store,
      send,
      describe,
      findUrlFault: (url) => egress.checkUrl(url),
      makeSecret: crypto.webhooks.makeSecret,
      newId,
      kick: changes.workspace,
      appendEvent,
    }),

    startDeliveries: (onError: (error: unknown) => void) =>
      startWebhookDeliveries({
        db,
        store,
        send,
        describe,
        onEvents: platform.onTopic("workspace"),
        onError,
        random: Math.random,
      }),
  };
}
